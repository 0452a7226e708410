import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer, globalAgent } from "node:https";
import { type AddressInfo, createServer as createNetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
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

/** A key and a certificate for this machine that nobody vouches for. */
function selfSigned() {
  const folder = mkdtempSync(join(tmpdir(), "seg-tls-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, "key"), join(folder, "cert")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", [...made, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

const OPENSSL = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!OPENSSL)(`over https${OPENSSL ? "" : " (skipped: no openssl)"}`, () => {
  it("refuses a certificate that nobody vouches for, and a redirect down to http", async () => {
    const plain = await serve((_request, response) => response.end("plain"));
    const keys = selfSigned();
    const server = createTlsServer(keys, (_request, response) => {
      response.writeHead(302, { location: plain.address }).end();
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    onTestFinished(() => void server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await expect(httpGet(url)).rejects.toMatchObject({
      lasting: true,
      unserved: true,
      message: expect.stringMatching(/^no secure connection \(TLS: self.signed certificate/),
    });
    const { ca } = globalAgent.options;
    globalAgent.options.ca = keys.cert;
    onTestFinished(() => {
      globalAgent.options.ca = ca;
    });
    await expect(httpGet(url)).rejects.toMatchObject({
      lasting: true,
      unserved: false,
      message: "the server redirects from https to http, which anyone may alter",
    });
    expect(plain.seen).toEqual([]);
  });

  it("says so where the server speaks none", async () => {
    const { address } = await serve((_request, response) => response.end("plain"));
    await expect(httpGet(address.replace("http:", "https:"))).rejects.toMatchObject({ unserved: true });
  });
});

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

it.each<[string, string, RegExp]>([
  ["closes the connection at once", "", /^the server closed the connection without an answer \(.+\)$/],
  ["is none of the web", "SSH-2.0-OpenSSH_9.2\r\n", /^the server's answer is not HTTP \(.+\)$/],
  [
    "sends headers without end",
    `HTTP/1.1 200 OK\r\n${"x-more: 0123456789\r\n".repeat(20_000)}`,
    /^the server's answer begins with too long headers \(.+\)$/,
  ],
])("tells in words of its own of a server that %s", async (_what, answer, message) => {
  const server = createNetServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(answer));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await expect(httpGet(url)).rejects.toMatchObject({ name: "HttpError", message: expect.stringMatching(message) });
});

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
