import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { type AppOptions, createApp } from "../src/app.ts";
import { Arrivals } from "../src/arrivals.ts";
import type { Task, WorkerInfo } from "../src/messages.ts";
import { metricsOf } from "../src/metrics.ts";
import { limitsOf } from "../src/options.ts";
import type { Pool } from "../src/pool.ts";

const BYTES = Buffer.from("a photo, as far as anyone looks here");
const FACTS = { width: 3, height: 2, classes: [] };
const CLASS_COUNT = 300;

/** The HTTP side alone, on a pool that is done with everything at once, and keeps what it was given. */
async function app(options: Partial<AppOptions> = {}) {
  const tasks: Task[] = [];
  const pool = {
    ready: 1,
    isFull: false,
    retryAfter: 1,
    async run(task: Task) {
      tasks.push(task);
      return { facts: FACTS, ...((task.picture || task.mask !== undefined) && { png: Uint8Array.of(137) }) };
    },
  } as unknown as Pool;
  const limits = limitsOf({ maxBytes: 2000, maxPixels: 100 });
  const arrivals = new Arrivals(limits.uploads, limits.bodyLimit);
  const metrics = metricsOf(() => pool, arrivals);
  const classes = Array.from({ length: CLASS_COUNT }, (_, index) => ({
    index,
    name: `c${index}`,
    names: [`c${index}`],
  }));
  const info = { engine: { name: "none" }, classes, notes: [] } as unknown as WorkerInfo;
  const warnings: string[] = [];
  const service = { limits, urls: undefined, maxPixels: 100, metrics, arrivals, pool: () => pool, info: () => info };
  const made = await createApp(service, {
    ...{ host: "127.0.0.1", limits, version: "1", ending: () => false, onEvent() {} },
    ...{ model: () => ({ id: "m", architecture: "m", sizes: [64] }), warn: (line) => warnings.push(line), ...options },
  });
  onTestFinished(() => made.close());
  /** Posts a photo. */
  const post = (query = "", headers: Record<string, string> = {}, payload: string | Buffer = BYTES) =>
    made.inject({
      method: "POST",
      url: `/v1/segment?${query}`,
      headers: { "content-type": "image/jpeg", ...headers },
      payload,
    });
  const json = (body: object | string) =>
    post("", { "content-type": "application/json" }, typeof body === "string" ? body : JSON.stringify(body));
  return { app: made, post, json, tasks, warnings };
}

describe("a body", () => {
  it.each([
    "application/octet-stream",
    "application/octet-stream; x=y",
    "APPLICATION/Octet-Stream",
    "image/jpeg; charset=binary",
    "IMAGE/x-whatever",
  ])("of %s is a photo", async (type) => {
    const { post, tasks } = await app();
    for (const query of ["", "mask=c1"]) {
      const answer = await post(query, { "content-type": type });
      expect([answer.statusCode, Buffer.compare(tasks.at(-1)!.photo, BYTES)]).toEqual([200, 0]);
    }
  });

  it.each(["gzip", "br", "deflate, gzip", "GZIP"])("with Content-Encoding: %s is refused as that", async (encoding) => {
    const { post, tasks } = await app();
    const answer = await post("", { "content-encoding": encoding }, gzipSync(BYTES));
    expect([answer.statusCode, answer.headers["accept-encoding"], tasks]).toEqual([415, "identity", []]);
    expect((await post("", { "content-encoding": "identity" })).statusCode).toBe(200);
  });

  it.each([
    ["lines of 76", (text: string) => text.replace(/.{76}/g, "$&\r\n")],
    ["a line's end behind it", (text: string) => `${text}\n`],
    ["no padding", (text: string) => text.replace(/=+$/, "")],
    ["the alphabet of addresses", (text: string) => text.replaceAll("+", "-").replaceAll("/", "_")],
    ["a data: URL, in lines", (text: string) => `data:image/jpeg;base64,${text.replace(/.{60}/g, "$& \n")}`],
  ])("in JSON may be base64 with %s", async (_what, written) => {
    const { json, tasks } = await app();
    const file = Buffer.from(Array.from({ length: 200 }, (_, i) => (i * 251) % 256));
    const answer = await json({ image: written(file.toString("base64")) });
    expect([answer.statusCode, Buffer.compare(tasks[0]!.photo, file)]).toEqual([200, 0]);
  });
});

describe("Accept", () => {
  it.each([
    ["application/json;charset=utf-8", "application/json"],
    ["application/json; charset=UTF-8; q=0.5, text/html", "application/json"],
    ["image/png;x=y", "image/png"],
    ["application/json;q=0.2;ext=1, image/png;q=0.9", "image/png"],
    ["text/html, */*;q=0.1", "application/json"],
  ])("of %s is answered by %s", async (accept, type) => {
    const { post } = await app();
    const answer = await post("", { accept });
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([200, expect.stringContaining(type)]);
  });
});

describe("options", () => {
  it.each([
    ...["0", "1", ".5", "0.5", "0.123456", "1.0", "1.000000"].map((alpha) => [alpha, 200] as const),
    ...["1.1", "1.000001", "1.999999", "2", "-1", "1e-3", "0x1", "", "0.1234567", "NaN"].map((a) => [a, 400] as const),
  ])("alpha=%s is answered %i", async (alpha, status) => {
    const { post, tasks } = await app();
    const answer = await post(`picture=overlay&alpha=${alpha}`);
    expect([answer.statusCode, tasks[0]?.alpha]).toEqual([status, status === 200 ? Number(alpha) : undefined]);
  });

  it("refuses alpha where there is no overlay", async () => {
    const { post } = await app();
    for (const query of ["alpha=0.5", "picture=legend&alpha=0.5", "mask=c1&alpha=1"]) {
      const answer = await post(query);
      expect([query, answer.statusCode, answer.json().detail]).toEqual([
        query,
        400,
        expect.stringContaining("overlay"),
      ]);
    }
    expect((await post("alpha=0.5", { accept: "image/png" })).statusCode).toBe(200);
  });

  it("refuses the label map of more classes than a byte tells apart", async () => {
    const { post, warnings } = await app();
    const answer = await post("picture=labels");
    expect([answer.statusCode, answer.json().detail, warnings]).toEqual([
      422,
      "Expected a model of at most 255 classes for picture=labels but this one has 300: ask for masks.",
      [],
    ]);
  });

  it.each([
    ["alhpa=1", 'Expected sizes, classes, picture, mask, alpha in the query but received "alhpa": did you mean alpha?'],
    ["picture=map", 'Expected overlay, labels or legend, once, for picture but received "map".'],
    ["picture=legend&picture=labels", 'for picture but received ["legend","labels"]'],
    ["sizes=0x10", 'Expected whole numbers such as 300,450 for sizes but received "0x10".'],
    ["alpha=1.5", 'Expected a number from 0 to 1, of at most six decimals, for alpha but received "1.5".'],
    ["mask=", 'Expected one class\'s name or index for mask but received "".'],
  ])("in the query that are wrong are named: %s", async (query, line) => {
    const { post } = await app();
    const answer = await post(query);
    expect([answer.statusCode, answer.json().detail]).toEqual([400, expect.stringContaining(line)]);
  });

  it.each([
    ['{"imgae": "aa"}', '"imgae": did you mean image?'],
    ['{"__proto__": {"image": "aa"}}', 'in the JSON body but received "__proto__"'],
    ['{"constructor": {"prototype": 1}}', 'in the JSON body but received "constructor"'],
    ["[]", "Expected a JSON object but received []."],
    ["7", "Expected a JSON object but received 7."],
    ['{"image": "aa", "mask": {}}', "Expected one class's name or index for mask but received {}."],
    ['{"image": "aa", "mask": 1.5}', "Expected one class's name or index for mask but received 1.5."],
    ['{"image": "aa", "classes": ["c1", true]}', "for classes[1] but received true."],
    ['{"image": "aa", "sizes": "300"}', 'Expected whole numbers such as [300, 450] for sizes but received "300".'],
    ['{"image": "aa", "alpha": 2}', "Expected a number from 0 to 1 for alpha but received 2."],
    ['{"image": 7}', "Expected a photo's file as base64 for image but received 7."],
  ])("in JSON that are wrong are named: %s", async (body, line) => {
    const { json } = await app();
    const answer = await json(body);
    expect([answer.statusCode, answer.json().detail]).toEqual([400, expect.stringContaining(line)]);
  });
});

describe("a page", () => {
  const CSP = "default-src 'none'; script-src 'self'";
  const pages = async () => {
    const page = temporaryFolder();
    mkdirSync(join(page, "assets"));
    const meta = `<meta\n  http-equiv="Content-Security-Policy"\n  content="${CSP}"\n/>`;
    writeFileSync(join(page, "index.html"), `<!doctype html>${meta}<title>x</title>`);
    writeFileSync(join(page, "assets/a b.js"), "1;");
    return (await app({ page })).app;
  };

  it("comes with its own policy as a header, into no frame, and tells no address", async () => {
    const served = await pages();
    for (const url of ["/", "/index.html"]) {
      const { statusCode, headers } = await served.inject(url);
      expect([statusCode, headers]).toEqual([
        200,
        expect.objectContaining({
          "content-security-policy": `${CSP}; frame-ancestors 'none'`,
          "x-frame-options": "DENY",
          "referrer-policy": "no-referrer",
          "x-content-type-options": "nosniff",
          "cross-origin-opener-policy": "same-origin",
          "cross-origin-embedder-policy": "require-corp",
        }),
      ]);
    }
    // A worker would be held to it.
    const script = await served.inject("/assets/a%20b.js");
    expect([script.statusCode, script.body, script.headers["content-security-policy"]]).toEqual([200, "1;", undefined]);
  });

  it.each([
    [{ range: "bytes=99999999-" }, 416, "wrong-range"],
    [{ "if-match": '"x"' }, 412, "precondition-failed"],
    [{ "if-unmodified-since": "Thu, 01 Jan 1970 00:00:01 GMT" }, 412, "precondition-failed"],
  ])("asked for with %o is answered %i", async (headers, status, code) => {
    const served = await pages();
    const size = (await served.inject("/index.html")).rawPayload.length;
    const answer = await served.inject({ url: "/index.html", headers });
    expect([answer.statusCode, answer.json()]).toEqual([status, expect.objectContaining({ status, code })]);
    expect(answer.headers["content-range"]).toBe(status === 416 ? `bytes */${size}` : undefined);
    expect((await served.inject({ method: "HEAD", url: "/index.html", headers })).statusCode).toBe(status);
  });

  it("names the methods there are, on its own addresses too", async () => {
    const served = await pages();
    for (const url of ["/", "/index.html", "/assets/a%20b.js"]) {
      for (const method of ["POST", "PUT", "DELETE"] as const) {
        const { statusCode, headers } = await served.inject({ method, url });
        expect([url, method, statusCode, headers.allow]).toEqual([url, method, 405, "HEAD, GET"]);
      }
    }
    expect((await served.inject({ method: "POST", url: "/none.html" })).statusCode).toBe(404);
    expect((await served.inject("/none.html")).statusCode).toBe(404);
    expect((await served.inject({ method: "POST", url: "/%zz" })).json()).toMatchObject({ code: "bad-request" });
  });
});

describe("pages of other origins", () => {
  it("are told by Vary that the answer depends on both headers, and may read when to come again", async () => {
    const { post } = await app({ cors: ["https://friend.example", "https://other.example"] });
    const { headers } = await post("", { origin: "https://friend.example" });
    expect(headers.vary).toBe("Origin, Accept");
    expect(headers["access-control-allow-origin"]).toBe("https://friend.example");
    expect(String(headers["access-control-expose-headers"]).toLowerCase().split(/,\s*/)).toEqual(
      expect.arrayContaining(["retry-after", "x-request-id"]),
    );
  });
});
