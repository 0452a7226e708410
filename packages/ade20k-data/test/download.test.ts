import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import sharp from "sharp";
import { expect, it, onTestFinished } from "vitest";
import { type DownloadOptions, download } from "../src/download.ts";
import { decodeImage } from "../src/index.ts";

const PHOTO = await sharp(Buffer.alloc(48, 200), { raw: { width: 4, height: 4, channels: 3 } })
  .png()
  .toBuffer();

/** The address of a server on this machine. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/photo.png`;
}

it("brings a photo from where redirects lead, with the name and password of the address", async () => {
  const seen: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    seen.push(request.headers.authorization);
    if (request.url === "/photo.png") response.writeHead(301, { location: "/b" }).end();
    else response.end(PHOTO);
  });
  expect(await decodeImage(url.replace("//", "//ann:secret@"))).toMatchObject({ width: 4, height: 4 });
  expect(seen).toEqual(Array(2).fill(`Basic ${Buffer.from("ann:secret").toString("base64")}`));
});

it.each<[what: string, answer: RequestListener, why: RegExp, options?: DownloadOptions]>([
  ["is refused", (_, response) => response.writeHead(403).end("no"), /the server answered 403 Forbidden/],
  [
    "breaks off",
    (_, response) => cut(response.writeHead(200, { "content-length": 999 })),
    /closed before all had come/,
  ],
  ["comes packed", (_, response) => response.writeHead(200, { "content-encoding": "br" }).end(PHOTO), /encoded \(br\)/],
  ["is only a part", (_, response) => response.writeHead(206).end(PHOTO), /answered 206/],
  [
    "leads to a file",
    (_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
    /to a file address/,
  ],
  ["leads in circles", (_, response) => response.writeHead(302, { location: "/" }).end(), /redirects without end/],
  ["never comes", () => {}, /not complete after 300 ms/, { timeout: 300 }],
  [
    "drips",
    (_, response) => void setInterval(() => response.write("x"), 20).unref(),
    /not complete after 300 ms/,
    { timeout: 300 },
  ],
  ["is too large", (_, response) => response.end(Buffer.alloc(9000)), /larger than 5000 bytes/, { maxBytes: 5000 }],
  [
    "says that it is too large",
    (_, response) => cut(response.writeHead(200, { "content-length": 9e12 })),
    /larger than 268435456 bytes/,
  ],
])("a photo that %s is one line, without what is secret in its address", async (_, answer, why, options = {}) => {
  const url = await serve(answer);
  const secret = `${url.replace("//", "//ann:pass-word@")}?token=secret#secret`;
  const error = await download(secret, options).catch((thrown) => thrown);
  expect(error).toMatchObject({ name: "DataError", code: "download-failed", message: expect.stringMatching(why) });
  expect(error.message).toContain(`${url}?…`);
  expect(JSON.stringify([error.message, error.data])).not.toMatch(/pass-word|secret/);
});

function cut(response: Parameters<RequestListener>[1]): void {
  response.write("x", () => response.destroy());
}
