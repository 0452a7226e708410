import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import { deflateRawSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { type CheckpointSource, readCheckpoint } from "../src/index.ts";
import * as node from "../src/zlib-node.ts";
import * as web from "../src/zlib-web.ts";
import { expected, expectTensors, fixture } from "./helpers/expected.ts";
import { temporaryFile } from "./helpers/temporary.ts";
import { floats, torchZip } from "./support/files.ts";
import { HOSTILE } from "./support/hostile.ts";
import { dice } from "./support/mutate.ts";
import { type Code, ordered, storage, str, tensor } from "./support/pickle.ts";

const FIXTURES = ["torch-legacy.pth", "torch-zip.pth", "torch-protocol4.pth", "hf.safetensors"];

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server on loopback, and what it was asked for. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse, index: number) => void) {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response, ranges.length - 1);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/net.pth?token=secret`);
  return { url, ranges };
}

/** Answers ranges as RFC 9110 has it. */
function ranged(bytes: Uint8Array, { headers }: IncomingMessage, response: ServerResponse, more: object = {}) {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
  if (from === undefined) return response.end(bytes);
  const end = Math.min(Number(to), bytes.length - 1);
  response.writeHead(206, { "content-range": `bytes ${from}-${end}/${bytes.length}`, etag: '"1"', ...more });
  return response.end(bytes.subarray(Number(from), end + 1));
}

/** A state dict of three vectors, the second of `count` numbers. */
const large = (count: number) =>
  torchZip(
    ordered(
      ...["a", "b", "c"].map((name, i): [Code, Code] => {
        const length = i === 1 ? count : 2;
        return [str(name), tensor(storage("Float", String(i), length), 0, [length], [1])];
      }),
    ),
    [floats("0", [1, 2]), floats("1", new Array<number>(count).fill(3)), floats("2", [4, 5])],
  );

describe("A checkpoint's source", () => {
  it.each(FIXTURES)("may be the bytes, a Blob or an address of %s", async (name) => {
    const bytes = readFileSync(fixture(name));
    const { url } = await serve((request, response) => void ranged(bytes, request, response));
    const exact = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    for (const source of [bytes, exact, new Blob([exact]), url, pathToFileURL(fixture(name))]) {
      expectTensors(await readCheckpoint(source), expected.state);
    }
  });

  it("at an address is fetched in ranges, and not where nobody needs it", async () => {
    const count = 500_000;
    const bytes = large(count);
    const { url, ranges } = await serve((request, response) => void ranged(bytes, request, response));
    const state = await readCheckpoint(url);
    expect(state.get("b")!.data).toHaveLength(count);
    expect((state.get("b")!.data as Float32Array).every((value) => value === 3)).toBe(true);
    expect([...state.get("c")!.data]).toEqual([4, 5]);
    expect(ranges.every((range) => range !== undefined)).toBe(true);
    // The beginning, the end with the directory, what the large storage begins with, and it whole: no request for each of its blocks.
    expect(ranges.length).toBeLessThan(7);
  });

  it("of many small tensors is fetched in few requests", async () => {
    const names = Array.from({ length: 60 }, (_, i) => String(i));
    const count = 40_000;
    const bytes = torchZip(
      ordered(
        ...names.map((name): [Code, Code] => [str(name), tensor(storage("Float", name, count), 0, [count], [1])]),
      ),
      names.map((name) => floats(name, new Array<number>(count).fill(Number(name)))),
    );
    const { url, ranges } = await serve((request, response) => void ranged(bytes, request, response));
    const state = await readCheckpoint(url);
    for (const name of names) expect(state.get(name)!.data[count - 1]).toBe(Number(name));
    expect(ranges.length).toBeLessThan(12);
  });

  it("may be read in slices of a Blob, with what lies between left alone", async () => {
    const { url, ranges } = await serve((request, response) => void ranged(bytes, request, response));
    // Numbers of an optimizer that no state dict has.
    const bytes = torchZip(ordered([str("x"), tensor(storage("Float", "0", 2), 0, [2], [1])]), [
      floats("0", [1, 2]),
      floats("9", new Array<number>(2_000_000).fill(1)),
    ]);
    expect([...(await readCheckpoint(url)).get("x")!.data]).toEqual([1, 2]);
    const fetched = ranges.reduce((sum, range) => {
      const [from, to] = range!.match(/\d+/g)!.map(Number) as [number, number];
      return sum + Math.min(to, bytes.length - 1) - from + 1;
    }, 0);
    expect(fetched).toBeLessThan(bytes.length / 4);
  });

  it.each(FIXTURES)("may be on a server that knows no ranges, or tells no length: %s", async (name) => {
    const bytes = readFileSync(fixture(name));
    const whole = await serve((_, response) => void response.end(bytes));
    expectTensors(await readCheckpoint(whole.url), expected.state);
    const silent = await serve((request, response) => {
      if (!request.headers.range) return void response.end(bytes);
      response.writeHead(206, { "content-range": `bytes 0-99/*` });
      response.end(bytes.subarray(0, 100));
    });
    expectTensors(await readCheckpoint(silent.url), expected.state);
  });

  it("is refused in one line that names it, without secrets, where its server has it not", async () => {
    const codes = { 404: "not-found", 500: "unreadable" };
    for (const [status, code] of Object.entries(codes)) {
      const { url } = await serve((_, response) => void response.writeHead(Number(status)).end());
      const error = await readCheckpoint(url).catch((thrown: Error) => thrown);
      expect(error).toMatchObject({ code, message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/net\.pth/) });
      expect((error as Error).message).not.toContain("secret");
    }
    const { url } = await serve(() => {});
    servers.pop()!.close();
    await expect(readCheckpoint(new URL(url.href.replace(/:\d+/, ":1")))).rejects.toMatchObject({ code: "unreadable" });
  });

  it("is refused where another file takes its place while it is read, or its bytes break off", async () => {
    const bytes = large(500_000);
    const changed = await serve((request, response, i) => void ranged(bytes, request, response, { etag: `"${i}"` }));
    await expect(readCheckpoint(changed.url)).rejects.toMatchObject({ code: "unreadable" });
    const short = await serve((request, response, i) =>
      i === 0 ? void ranged(bytes, request, response) : void response.destroy(),
    );
    await expect(readCheckpoint(short.url)).rejects.toMatchObject({ code: "unreadable" });
  });

  it("is refused as its server's fault where that sends fewer bytes than it announced, or refuses a range that there is", async () => {
    const bytes = large(500_000);
    // The n-th answer lacks its last 10 bytes.
    const shortAt = (n: number) => (request: IncomingMessage, response: ServerResponse, i: number) => {
      if (i !== n) return void ranged(bytes, request, response);
      const [from, to] = request.headers.range!.match(/\d+/g)!.map(Number) as [number, number];
      const end = Math.min(to, bytes.length - 1);
      response.writeHead(206, { "content-range": `bytes ${from}-${end}/${bytes.length}`, etag: '"1"' });
      response.end(bytes.subarray(from, end + 1 - 10));
    };
    const refused = (_: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    for (const [answer, said] of [
      [shortAt(0), /its server sent 262134 bytes where it was to send 262144: try again/],
      [shortAt(1), /its server sent \d+ bytes where it was to send \d+: try again/],
      [refused, /its server refuses the first of \d+ bytes \(416\)/],
    ] as const) {
      const { url } = await serve(answer);
      await expect(readCheckpoint(url)).rejects.toMatchObject({
        code: "unreadable",
        message: expect.stringMatching(new RegExp(`^http://127\\.0\\.0\\.1:\\d+/net\\.pth.*${said.source}`)),
      });
    }
    const empty = await serve((_, response) => void response.writeHead(416, { "content-range": "bytes */0" }).end());
    await expect(readCheckpoint(empty.url)).rejects.toMatchObject({ code: "truncated" });
  });

  it("is no longer read once the signal says so", async () => {
    const controller = new AbortController();
    const { url } = await serve(() => controller.abort(new Error("enough")));
    await expect(readCheckpoint(url, { signal: controller.signal })).rejects.toThrow("enough");
  });

  it("is refused by name where it is none", async () => {
    for (const source of [undefined, 7, {}, [1, 2]]) {
      await expect(readCheckpoint(source as never)).rejects.toMatchObject({
        code: "option",
        message: expect.stringMatching(/^Expected a file's path, its address as a URL, a Blob, /),
      });
    }
    await expect(readCheckpoint(new File([new Uint8Array(9)], "mine.pth"))).rejects.toThrow(/^mine\.pth: /);
  });

  it("gives the same refusals from the bytes and from a Blob as from a path, whatever kind of hostile file it is", async () => {
    const roll = dice(5);
    const outcome = (source: CheckpointSource) =>
      readCheckpoint(source).then(
        () => "read",
        ({ code, message }) => `${code}${message.slice(message.indexOf(": "))}`,
      );
    let refused = 0;
    for (const { build } of HOSTILE) {
      const bytes = build(roll, 40);
      const fromPath = await outcome(temporaryFile(bytes));
      expect(await outcome(bytes)).toBe(fromPath);
      expect(await outcome(new Blob([Uint8Array.from(bytes)]))).toBe(fromPath);
      if (fromPath !== "read") refused++;
    }
    expect(refused).toBeGreaterThan(HOSTILE.length / 2);
  });
});

describe("Zip in browsers", () => {
  const plain = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7);
  const packed = deflateRawSync(plain);
  async function* pieces(bytes: Uint8Array) {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }
  const inflated = async ({ inflateRaw }: typeof node, bytes: Uint8Array) => {
    const got: Uint8Array[] = [];
    const taken = await inflateRaw(pieces(bytes), (piece) => void got.push(piece.slice()));
    return { taken, isPlain: Buffer.concat(got).equals(plain) };
  };

  it("has the checksum that Node has", () => {
    for (const bytes of [plain, new Uint8Array(0), packed]) expect(web.crc32(bytes)).toBe(node.crc32(bytes));
  });

  it("inflates as Node does, and refuses what is cut off, goes on or is none", async () => {
    for (const zlib of [web, node]) {
      expect(await inflated(zlib, packed)).toEqual({ taken: packed.length, isPlain: true });
      await expect(inflated(zlib, packed.subarray(0, -20))).rejects.toThrow();
      await expect(inflated(zlib, plain.subarray(1, 9))).rejects.toThrow();
      const stop = new Error("stop");
      const full = zlib.inflateRaw(pieces(packed), () => {
        throw stop;
      });
      await expect(full).rejects.toBe(stop);
    }
  });
});
