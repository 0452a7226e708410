import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { temporaryFolder, tinyWeights } from "@seg/testing/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { type DownloadOptions, download } from "../../src/weights/download.ts";
import { whyNotWeights } from "../../src/weights/verify.ts";
import {
  breaksAfter,
  chunked,
  drips,
  type HostileAnswer,
  head,
  hostileServer,
  pours,
  sends,
  silence,
} from "../support/hostile-server.ts";

const WEIGHTS = tinyWeights(20_000);
const OTHER = tinyWeights(20_000, 3);
const SIZE = WEIGHTS.length;
const HALF = WEIGHTS.subarray(0, SIZE / 2);
const REST = WEIGHTS.subarray(SIZE / 2);
const NAME = "encoder_epoch_20.pth";
const RUBBISH = Buffer.alloc(1e6, "rubbish ");
const PAGE = Buffer.from("<!DOCTYPE html><title>Log in</title>");

const whole = sends(head("200 OK", { "content-length": SIZE, etag: '"one"' }), WEIGHTS);
const half = breaksAfter(head("200 OK", { "content-length": SIZE, etag: '"one"' }), HALF);
const part = (bytes: Uint8Array, range: string, headers = {}) =>
  sends(
    head("206 Partial Content", { "content-range": range, "content-length": bytes.length, etag: '"one"', ...headers }),
    bytes,
  );
const range = `bytes ${SIZE / 2}-${SIZE - 1}/${SIZE}`;
const redirect = (location: string) => sends(head("302 Found", { location, "content-length": 0 }));

async function get(answers: readonly HostileAnswer[], options: DownloadOptions = {}) {
  const server = await hostileServer(...answers);
  onTestFinished(server.close);
  const folder = temporaryFolder();
  const path = join(folder, NAME);
  const reasons: string[] = [];
  const settings = { backoff: 1, retries: 1, stall: 60_000, verify: whyNotWeights };
  const error = await download(`${server.address}/a/..%2f..%2fevil`, path, {
    ...settings,
    onRetry: (reason) => reasons.push(reason),
    ...options,
  }).catch((thrown) => thrown);
  return { error, server, folder, path, reasons };
}

describe("nothing is kept, and one line says why, where", () => {
  const answers: [what: string, answer: HostileAnswer, why: RegExp, options?: DownloadOptions][] = [
    [
      "a chunked body is cut in silence",
      sends(head("200 OK", { "transfer-encoding": "chunked" }), chunked(HALF)),
      /lacks its last \d+ bytes/,
    ],
    ["a body of untold length is cut", sends(head("200 OK"), HALF), /lacks its last \d+ bytes/],
    [
      "a megabyte of rubbish comes",
      sends(head("200 OK", { "content-length": RUBBISH.length }), RUBBISH),
      /begins with/,
    ],
    ["a web page comes as bytes", sends(head("200 OK", { "content-length": PAGE.length }), PAGE), /a web page came/],
    ["a web page comes", sends(head("200 OK", { "content-type": "text/html" }), PAGE), /a web page came/],
    ["nothing comes", sends(head("200 OK", { "content-length": 0 })), /an empty file came/],
    ["it comes packed", sends(head("200 OK", { "content-encoding": "gzip" }), gzipSync(WEIGHTS)), /encoded \(gzip\)/],
    [
      "less comes than was told",
      sends(head("200 OK", { "content-length": SIZE + 9 }), WEIGHTS),
      new RegExp(`closed after ${SIZE} of ${SIZE + 9} bytes`),
    ],
    [
      "more comes than was told",
      sends(head("200 OK", { "content-length": SIZE - 9 }), WEIGHTS),
      /lacks its last \d+ bytes/,
    ],
    [
      "a chunk is no chunk",
      sends(head("200 OK", { "transfer-encoding": "chunked" }), "zzz\r\n"),
      /closed after 0 bytes|Parse Error/,
    ],
    [
      "a part comes unasked",
      part(WEIGHTS, `bytes 0-${SIZE - 1}/${SIZE}`),
      /a part of the file where the whole was asked for/,
    ],
    ["redirects have no end", redirect("/again"), /redirects without end/],
    ["a redirect leads to a file", redirect("file:///etc/passwd"), /redirects to a file address/],
    ["a redirect leads to other protocols", redirect("ftp://127.0.0.1/a"), /redirects to a ftp address/],
    ["a redirect leads to data", redirect("data:,a"), /redirects to a data address/],
    ["a redirect leads nowhere", redirect("http://["), /redirects to no address/],
    [
      "the server is busy for an hour",
      sends(head("429 Too Many Requests", { "retry-after": 3600 })),
      /429 Too Many Requests and asks to come back in 3600 s/,
    ],
    [
      "the server is busy until a date",
      sends(head("503 Busy", { "retry-after": "Fri, 31 Dec 2100 23:59:59 GMT" })),
      /503 Busy and asks to come back in \d{8,} s/,
    ],
    ["there is no such part", sends(head("416 Range Not Satisfiable")), /416/],
    ["what answers is no web server", sends("SSH-2.0-OpenSSH_9.2\r\n"), /Parse Error/],
    ["nobody answers", silence, /no answer came for 0.4 s/, { stall: 400 }],
    [
      "the headers never end",
      drips("HTTP/1.1 200 OK\r\n", Buffer.from("a: b\r\n"), 20),
      /no answer came for 0.4 s/,
      { stall: 400 },
    ],
    [
      "it comes drop by drop",
      drips(head("200 OK", { "content-length": SIZE }), Buffer.from("x"), 20),
      /only \d+ bytes came in 0.4 s/,
      { stall: 400 },
    ],
    [
      "it comes drop by drop after a part",
      drips(head("200 OK", { "content-length": SIZE, etag: '"one"' }), Buffer.from("x"), 20),
      /only \d+ bytes came in 0.4 s/,
      { stall: 400, retries: 3 },
    ],
    [
      "it has no end",
      pours(head("200 OK"), RUBBISH),
      /larger than 5 MB, the limit that SEG_DOWNLOAD_LIMIT_MB may raise/,
      { maxBytes: 5e6 },
    ],
    ["it says that it is too large", sends(head("200 OK", { "content-length": 9e12 })), /larger than 4000 MB/],
  ];

  it.each(answers)("%s", async (_, answer, why, options) => {
    const { error, folder } = await get([answer], options);
    expect(error).toMatchObject({ name: "PipelineError", code: "download", message: expect.stringMatching(why) });
    expect(error.message).toMatch(/^[^\n]{1,300}$/);
    // What can be continued may stay beside it; nothing else does, no lock either.
    expect(readdirSync(folder).filter((file) => !file.startsWith(`${NAME}.part`))).toEqual([]);
  });

  it("keeps what can be continued, with the server's name for it, and nothing else", async () => {
    const { folder } = await get([half, half], { retries: 0 });
    expect(readdirSync(folder).sort()).toEqual([`${NAME}.part`, `${NAME}.part.etag`]);
    for (const [what, answer, , options] of answers.filter(([, , , options]) => !options?.stall)) {
      expect(readdirSync((await get([answer], { ...options, retries: 0 })).folder), what).toEqual([]);
    }
  });
});

describe("the file comes whole in the end, where", () => {
  it.each<[what: string, answers: HostileAnswer[], asked: string[]]>([
    ["the connection is reset", [half, part(REST, range)], ["none", `bytes=${SIZE / 2}-`]],
    ["the server gives the whole in the place of a part", [half, whole], ["none", `bytes=${SIZE / 2}-`]],
    [
      "the part is of another place",
      [half, part(REST, `bytes 0-${SIZE / 2 - 1}/${SIZE}`), whole],
      ["none", `bytes=${SIZE / 2}-`, "none"],
    ],
    ["the part has no place", [half, part(REST, "bytes"), whole], ["none", `bytes=${SIZE / 2}-`, "none"]],
    ["the part is longer than it says", [half, part(WEIGHTS, range), whole], ["none", `bytes=${SIZE / 2}-`, "none"]],
    [
      "the part is of another file",
      [half, part(REST, range, { etag: '"two"' }), whole],
      ["none", `bytes=${SIZE / 2}-`, "none"],
    ],
    [
      "the part is packed",
      [half, part(gzipSync(REST), range, { "content-encoding": "gzip" }), whole],
      ["none", `bytes=${SIZE / 2}-`],
    ],
    [
      "there is no such part",
      [half, sends(head("416 Range Not Satisfiable")), whole],
      ["none", `bytes=${SIZE / 2}-`, "none"],
    ],
    ["the server is busy for a moment", [sends(head("503 Busy", { "retry-after": 0 })), whole], ["none", "none"]],
    ["a redirect leads to it", [redirect("/b"), whole], ["none", "none"]],
  ])("%s", async (what, answers, asked) => {
    const { error, path, server } = await get(answers, { retries: 3 });
    if (what === "the part is packed") {
      expect(error.message).toMatch(/encoded \(gzip\)/);
      return;
    }
    expect(error).toBeUndefined();
    expect(readFileSync(path).equals(WEIGHTS)).toBe(true);
    expect(server.requests.map((request) => /^range: (.*)\r$/im.exec(request)?.[1] ?? "none")).toEqual(asked);
  });

  it("the part has other bytes: what was put together does not open, and all is fetched anew", async () => {
    const middle = SIZE / 2;
    const lie = Buffer.alloc(middle, 0xff);
    const head1 = breaksAfter(head("200 OK", { "content-length": SIZE, etag: '"one"' }), RUBBISH.subarray(0, middle));
    const { error, path, reasons } = await get([head1, part(lie, range), whole], { retries: 3 });
    expect(error).toBeUndefined();
    expect(reasons).toHaveLength(2);
    expect(readFileSync(path).equals(WEIGHTS)).toBe(true);
  });
});

it("a disk without room for what the server announces is told before anything is written, with how much is needed", async () => {
  const announced = 9e15;
  const { error, folder } = await get([sends(head("200 OK", { "content-length": announced }))], { maxBytes: 1e16 });
  expect(error).toMatchObject({ code: "failed", data: { folder, needed: announced } });
  expect(error.message).toMatch(
    /^Expected 9000000000 MB of free space in .* but there are \d+ MB: free some, or choose another folder\.$/,
  );
  expect(readdirSync(folder).filter((file) => !file.endsWith(".etag"))).toEqual([]);
});

it("no name that the server gives decides where the file lies", async () => {
  const disposition = 'attachment; filename="../../evil"';
  const { folder } = await get([
    sends(
      head("200 OK", { "content-length": SIZE, "content-disposition": disposition, "content-location": "/evil" }),
      WEIGHTS,
    ),
  ]);
  expect(readdirSync(folder)).toEqual([NAME]);
  expect(existsSync(join(folder, "../evil"))).toBe(false);
});

it("a file that lies there is kept until a better one has come", async () => {
  const folder = temporaryFolder({ [NAME]: OTHER });
  const path = join(folder, NAME);
  const server = await hostileServer(sends(head("200 OK"), HALF), whole);
  onTestFinished(server.close);
  const again = () => download(server.address, path, { backoff: 1, verify: whyNotWeights, isWhole: async () => false });
  await expect(again()).rejects.toMatchObject({ code: "download" });
  expect(readFileSync(path).equals(OTHER)).toBe(true);
  await again();
  expect(readFileSync(path).equals(WEIGHTS)).toBe(true);
  writeFileSync(path, OTHER);
  await download(server.address, path, { verify: whyNotWeights });
  expect(readFileSync(path).equals(OTHER)).toBe(true);
});

describe("where there is no https", () => {
  const on = async (...answers: HostileAnswer[]) => {
    const server = await hostileServer(...answers);
    onTestFinished(server.close);
    return { path: join(temporaryFolder(), NAME), url: server.address.replace("http:", "https:") };
  };
  // The first answer is to what TLS begins with, which no HTTP server understands.
  it("that is an error", async () => {
    const { url, path } = await on(whole);
    await expect(download(url, path, { backoff: 1, stall: 2000, retries: 0 })).rejects.toMatchObject({
      code: "download",
    });
  });

  it("http is taken if that is allowed, and told", async () => {
    const { url, path } = await on(whole);
    const told: string[] = [];
    await download(url, path, { stall: 2000, onInsecure: (reason) => told.push(reason) });
    expect(told).toHaveLength(1);
    expect(readFileSync(path).equals(WEIGHTS)).toBe(true);
  });

  it("nor a server, nothing is tried in its place", async () => {
    const { path } = await on(whole);
    const told: string[] = [];
    const url = "https://no-such-host.invalid/a";
    const failed = download(url, path, { backoff: 1, retries: 1, onInsecure: (reason) => told.push(reason) });
    await expect(failed).rejects.toMatchObject({ message: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) });
    expect(told).toEqual([]);
  });
});
