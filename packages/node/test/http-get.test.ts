import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { HttpError, httpGet } from "../src/index.ts";

/** A server on this machine; gives its address and the requests' headers. */
async function serve(listener: RequestListener) {
  const seen: { url: string | undefined; authorization: string | undefined; host: string | undefined }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url, authorization: request.headers.authorization, host: request.headers.host });
    listener(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function text(url: string): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of (await httpGet(url)).body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

it("sends a name and password to their own server, through its redirects, and to no other", async () => {
  const other = await serve((_request, response) => response.end("other"));
  const { address, seen } = await serve((request, response) => {
    if (request.url === "/a") response.writeHead(302, { location: "/b" }).end();
    else response.writeHead(302, { location: other.address.replace("//", "//mallory:x@") }).end();
  });
  expect(await text(`${address.replace("//", "//ann:p%40ss@")}/a`)).toBe("other");
  const basic = `Basic ${Buffer.from("ann:p@ss").toString("base64")}`;
  expect(seen.map(({ authorization }) => authorization)).toEqual([basic, basic]);
  expect(other.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
});

it.each(["ftp://host/a", "file:///etc/passwd", "nothing", "https:"])(
  "refuses %s, and does not repeat it",
  async (url) => {
    await expect(httpGet(url)).rejects.toMatchObject({ lasting: true, message: "that is no http or https address" });
  },
);

it("gives every byte that came before the connection broke, then says that it broke", async () => {
  const { address } = await serve((_request, response) => {
    response.writeHead(200, { "content-length": 300_000 });
    response.write(Buffer.alloc(200_000), () => response.destroy());
  });
  const answer = await httpGet(address);
  // By now all has come, and the end as well.
  await new Promise((resolve) => setTimeout(resolve, 300));
  let received = 0;
  const read = async () => {
    for await (const piece of answer.body) received += piece.length;
  };
  await expect(read()).rejects.toThrow(HttpError);
  expect(received).toBe(200_000);
});

it("waits for a reader that is slow, and loses nothing", async () => {
  const { address } = await serve((_request, response) => response.end(Buffer.alloc(8 << 20, 7)));
  let received = 0;
  for await (const piece of (await httpGet(address)).body) {
    if (received % 64 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    received += piece.length;
  }
  expect(received).toBe(8 << 20);
});

it("ends when it is told to, with the reason", async () => {
  const { address } = await serve(() => {});
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("enough")), 50);
  await expect(httpGet(address, { signal: stop.signal })).rejects.toThrow("enough");
});
