import { readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { decodeImage } from "@seg/ade20k-data";
import { download } from "../../../packages/pipeline/src/weights/download.ts";
import { type HostileServer, hostileServer, sends } from "../../../packages/pipeline/test/support/hostile-server.ts";
import { build, type Format, type Fuzzer } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import { NASTY_TEXTS } from "../src/mutate-text.ts";
import type { Random } from "../src/random.ts";
import { sample } from "./photo.ts";

const STATUSES = [
  "200 OK",
  "200 ",
  "206 Partial Content",
  "304 Not Modified",
  "404 Not Found",
  "416 Range",
  "429 Wait",
  "500 No",
  "999 \u001b[2J",
  "99 x",
  "200\r\nx: y",
];

/** What a server says, byte for byte, after which it ends the connection. */
export const ANSWERS: Format = {
  name: "http",
  weight: 1,
  async prepare(): Promise<Fuzzer> {
    const photo = await sample().jpeg().toBuffer();
    let answer: Buffer = Buffer.alloc(0);
    // What Node loads for the first request is no reader's doing.
    await fetch("data:,x");
    let server: HostileServer | undefined;
    const file = (content: Uint8Array) => ({ "answer.http": content });
    return {
      usesNetwork: true,
      sound: [file(plain(photo, ["content-type: image/jpeg"])), file(plain(photo, []))],
      // What is wrong with an answer is a reason, which the callers put into a line that names the file.
      names: [],
      make: (random) =>
        build(random, [
          [30, "changed bytes", () => file(mutateBytes(random, plain(photo, ["content-type: image/jpeg"])))],
          [30, "headers", () => file(plain(photo, headers(random), random.pick(STATUSES)))],
          [15, "chunks", () => file(chunked(random, photo))],
          [
            10,
            "a packed body",
            () => file(plain(gzipSync(Buffer.alloc(random.size(2 ** 22))), ["content-encoding: gzip"])),
          ],
          [
            5,
            "redirections",
            () =>
              file(
                plain(
                  Buffer.alloc(0),
                  [
                    `location: ${random.pick(["/x", "//", "http://127.0.0.1:1/", "file:///etc/passwd", "data:,x", ...NASTY_TEXTS])}`,
                  ],
                  "302 Found",
                ),
              ),
          ],
          [5, "a large body", () => file(plain(Buffer.alloc(random.size(2 ** 22), 0x41), []))],
          [5, "no answer", () => file(random.bytes(random.size(2000)))],
        ]),
      async read(path, folder) {
        answer = readFileSync(path);
        server ??= await hostileServer((socket) => void sends(answer)(socket, ""));
        const url = `${server.address}/photo.jpg`;
        await decodeImage(url, { timeout: 2000, maxBytes: 2 ** 20 }).catch((error) => {
          if ((error as { name: string }).name !== "DataError") throw error;
        });
        const target = `${folder}/weights.pth`;
        await download(url, target, { retries: 0, backoff: 1, stall: 1000 });
        return { wrong: statSync(target).size === 0 ? "an empty file was kept" : undefined };
      },
    };
  },
};

function plain(body: Uint8Array, lines: readonly string[], status = "200 OK"): Buffer {
  const length = lines.some((line) => /^(content-length|transfer-encoding)/i.test(line))
    ? []
    : [`content-length: ${body.length}`];
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${[...length, ...lines].join("\r\n")}\r\n\r\n`), body]);
}

function headers(random: Random): string[] {
  const names = [
    "content-length",
    "content-range",
    "content-type",
    "content-encoding",
    "etag",
    "last-modified",
    "retry-after",
    "location",
    "x",
    "transfer-encoding",
    "set-cookie",
  ];
  const values = [
    "0",
    "1",
    "-1",
    "99999999999",
    "bytes 0-5/6",
    "bytes 9-3/2",
    "text/html",
    "gzip",
    "br",
    "deflate",
    "identity",
    '"a"',
    "W/x",
    "chunked",
    "1e9",
    ...NASTY_TEXTS,
  ];
  return Array.from(
    { length: random.size(random.oneIn(10) ? 2000 : 6) },
    () => `${random.pick(names)}: ${random.pick(values)}`,
  );
}

/** A body in chunks whose lengths may lie, and whose end may be missing. */
function chunked(random: Random, body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const length = random.size(200);
    const piece = body.subarray(at, at + length);
    const told = random.oneIn(8) ? random.pick(["0", "-1", "fffffffff", "x", "", "1;a=b"]) : piece.length.toString(16);
    pieces.push(Buffer.from(`${told}\r\n`), piece, Buffer.from("\r\n"));
    at += length;
  }
  if (!random.oneIn(3)) pieces.push(Buffer.from("0\r\n\r\n"));
  return plain(Buffer.concat(pieces), ["transfer-encoding: chunked"]);
}
