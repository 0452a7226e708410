import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileServer, loginPage, serve, status, temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { type DownloadOptions, download } from "../../src/weights/download.ts";

const SIZE = 300_000;
const content = Uint8Array.from({ length: SIZE }, (_, i) => (i * i) >> 3);
const other = Uint8Array.from({ length: SIZE }, (_, i) => (i * i) >> 5);

function target() {
  const folder = temporaryFolder();
  const path = join(folder, "encoder_epoch_20.pth");
  // Comparing the bytes one by one would take vitest seconds.
  return { folder, path, holds: (expected: Uint8Array) => readFileSync(path).equals(expected) };
}

const get = (url: string, path: string, options: DownloadOptions = {}) =>
  download(url, path, { backoff: 1, ...options });

const WEB_PAGE = { code: "download", message: expect.stringContaining("web page") };

describe("a download", () => {
  it("brings the file, tells how far it is, and leaves nothing else behind", async () => {
    const { address, requests } = await fileServer(serve(content));
    const { path, folder, holds } = target();
    const progress: [number, number | undefined][] = [];
    await get(`${address}/a/b.pth`, path, { onProgress: (...now) => progress.push(now) });
    expect(holds(content)).toBe(true);
    expect(readdirSync(folder)).toEqual(["encoder_epoch_20.pth"]);
    expect(progress.slice(0, 2)).toEqual([
      [0, undefined],
      [0, SIZE],
    ]);
    expect(progress.at(-1)).toEqual([SIZE, SIZE]);
    expect(requests).toEqual([{ url: "/a/b.pth" }]);
  });

  describe.skipIf(process.platform === "win32")("with something else in its place (skipped on Windows)", () => {
    const names = ["", ".part", ".part.etag"];

    it.each(names)("replaces a pipe that is called like the file with %j behind it", async (name) => {
      const { address } = await fileServer(serve(content));
      const { path, folder, holds } = target();
      execFileSync("mkfifo", [`${path}${name}`]);
      await get(address, path);
      expect(holds(content)).toBe(true);
      expect(readdirSync(folder)).toEqual(["encoder_epoch_20.pth"]);
    });

    it.each(names)("leaves a folder that is called like the file with %j behind it, and names it", async (name) => {
      const { address, requests } = await fileServer(serve(content));
      const { path } = target();
      mkdirSync(`${path}${name}`);
      await expect(get(address, path)).rejects.toMatchObject({
        code: "unwritable",
        message: `Expected to write ${path}${name} but a folder has that name: move it away.`,
      });
      expect(requests).toEqual([]);
    });
  });

  it("goes on where the connection broke", async () => {
    const { address, requests } = await fileServer(
      serve(content, { breakAfter: 100_000 }),
      serve(content, { breakAfter: 50_000 }),
      serve(content),
    );
    const { path, holds } = target();
    const reasons: string[] = [];
    await get(address, path, { onRetry: (reason) => reasons.push(reason) });
    expect(holds(content)).toBe(true);
    expect(requests.map(({ range }) => range)).toEqual([undefined, "bytes=100000-", "bytes=150000-"]);
    expect(requests[1]!.ifRange).toBe('"one"');
    expect(reasons).toHaveLength(2);
  });

  it("goes on in a later call", async () => {
    const { address, requests } = await fileServer(serve(content, { breakAfter: 100_000 }), serve(content));
    const { path, holds } = target();
    await expect(get(address, path, { retries: 0 })).rejects.toMatchObject({ name: "PipelineError", code: "download" });
    expect(existsSync(path)).toBe(false);
    await get(address, path);
    expect(holds(content)).toBe(true);
    expect(requests[1]!.range).toBe("bytes=100000-");
  });

  it("starts over when the server ignores ranges", async () => {
    const { address } = await fileServer(
      serve(content, { breakAfter: 100_000 }),
      serve(content, { ignoreRange: true, breakAfter: 40_000 }),
      serve(content, { ignoreRange: true }),
    );
    const { path, holds } = target();
    await get(address, path);
    expect(holds(content)).toBe(true);
  });

  it("starts over when the file has changed meanwhile", async () => {
    const { address, requests } = await fileServer(
      serve(content, { breakAfter: 100_000 }),
      serve(other, { etag: '"two"', breakAfter: 60_000 }),
      serve(other, { etag: '"two"' }),
    );
    const { path, holds } = target();
    await get(address, path);
    expect(holds(other)).toBe(true);
    expect(requests.map(({ ifRange }) => ifRange)).toEqual([undefined, '"one"', '"two"']);
  });

  it("starts over when a server sends a changed file's range all the same", async () => {
    const { address } = await fileServer(
      serve(content, { breakAfter: 100_000 }),
      (request, response) => {
        request.headers["if-range"] = '"two"';
        serve(other, { etag: '"two"' })(request, response);
      },
      serve(other, { etag: '"two"' }),
    );
    const { path, holds } = target();
    await get(address, path);
    expect(holds(other)).toBe(true);
  });

  it("starts over when the server gives nothing to recognise the file by", async () => {
    const { address, requests } = await fileServer(
      serve(content, { etag: "", breakAfter: 100_000 }),
      serve(content, { etag: "" }),
    );
    const { path, holds } = target();
    await get(address, path);
    expect(holds(content)).toBe(true);
    expect(requests[1]!.range).toBeUndefined();
  });

  it("starts over when more has come than the file is long", async () => {
    const { address } = await fileServer(serve(content), serve(content));
    const { path, holds } = target();
    writeFileSync(`${path}.part`, new Uint8Array(SIZE + 5));
    writeFileSync(`${path}.part.etag`, '"one"');
    await get(address, path);
    expect(holds(content)).toBe(true);
  });

  it("tries again when the server is busy", async () => {
    const { address, requests } = await fileServer(status(503), status(429, { "retry-after": "0.1" }), serve(content));
    const { path, holds } = target();
    await get(address, path);
    expect(holds(content)).toBe(true);
    expect(requests).toHaveLength(3);
  });

  it("tries again when nothing comes for a while", async () => {
    const { address } = await fileServer((_request, response) => {
      response.writeHead(200, { "content-length": SIZE, etag: '"one"' });
      response.write(content.subarray(0, 100_000));
    }, serve(content));
    const { path, holds } = target();
    const reasons: string[] = [];
    await get(address, path, { stall: 2000, onRetry: (reason) => reasons.push(reason) });
    expect(holds(content)).toBe(true);
    expect(reasons).toEqual(["nothing came for 2 s"]);
  });

  it("gives up in the end", async () => {
    const { address, requests } = await fileServer(status(500));
    const { path, folder } = target();
    await expect(get(address, path, { retries: 2 })).rejects.toMatchObject({
      code: "download",
      data: { url: address, file: path, status: 500 },
    });
    expect(requests).toHaveLength(3);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("does not ask twice for what is not there", async () => {
    const { address, requests } = await fileServer(status(404));
    const { path } = target();
    await expect(get(address, path)).rejects.toMatchObject({
      code: "download",
      data: { url: address, file: path, status: 404 },
      message: "the server answered 404 Not Found",
    });
    expect(requests).toHaveLength(1);
  });

  it("tells why a server cannot be reached", async () => {
    const url = "http://127.0.0.1:9/";
    await expect(get(url, target().path, { retries: 1 })).rejects.toMatchObject({
      code: "download",
      data: { url, status: undefined },
      message: expect.stringMatching(/ECONNREFUSED|bad port/),
    });
  });

  it.each(["text/html; charset=utf-8", "application/octet-stream"])("refuses a login page sent as %s", async (type) => {
    const { address, requests } = await fileServer(loginPage(type));
    const { path, folder } = target();
    await expect(get(address, path)).rejects.toMatchObject(WEB_PAGE);
    expect(requests).toHaveLength(1);
    expect(readdirSync(folder).filter((file) => !file.endsWith(".etag"))).toEqual([]);
  });

  it("keeps what came when a login page interrupts", async () => {
    const { address } = await fileServer(serve(content, { breakAfter: 100_000 }), loginPage(), serve(content));
    const { path, holds } = target();
    await expect(get(address, path)).rejects.toMatchObject(WEB_PAGE);
    await get(address, path);
    expect(holds(content)).toBe(true);
  });

  it("refuses an empty file and what its caller does not want", async () => {
    const { address } = await fileServer(serve(new Uint8Array()), serve(content));
    await expect(get(address, target().path)).rejects.toMatchObject({
      code: "download",
      message: "an empty file came",
    });
    const verify = async (file: string) => `begins with ${readFileSync(file)[0]}`;
    await expect(get(address, target().path, { verify })).rejects.toMatchObject({
      code: "download",
      message: `begins with ${content[0]}`,
    });
  });

  it("stops when aborted, and goes on later", async () => {
    const { address, requests } = await fileServer((_request, response) => {
      response.writeHead(200, { "content-length": SIZE, etag: '"one"' });
      response.write(content.subarray(0, 100_000));
    }, serve(content));
    const { path, holds } = target();
    const abort = new AbortController();
    const onProgress = (received: number) => received === 100_000 && abort.abort();
    await expect(get(address, path, { signal: abort.signal, onProgress })).rejects.toThrow(/aborted/);
    await get(address, path);
    expect(holds(content)).toBe(true);
    expect(requests[1]!.range).toBe("bytes=100000-");
  });

  it("happens once for two that want the same file", async () => {
    let waited = 0;
    const { address, requests } = await fileServer(async (request, response) => {
      while (waited === 0) await sleep(10);
      serve(content)(request, response);
    });
    const { path, folder, holds } = target();
    await Promise.all([1, 2].map(() => get(address, path, { onWait: () => waited++ })));
    expect(holds(content)).toBe(true);
    expect(requests).toHaveLength(1);
    expect(waited).toBe(1);
    expect(readdirSync(folder)).toEqual(["encoder_epoch_20.pth"]);
  });
});
