import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { readLabel } from "@seg/ade20k-data";
import { DEMO_MODEL } from "@seg/pipeline/config";
import { createSegmenter } from "@seg/pipeline/segment";
import { fileServer, temporaryFolder } from "@seg/testing/node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningService, serve } from "../src/index.ts";
import { bytesOf, PHOTO, running, SMALL } from "./running.ts";

/** Whether bytes are the same; `toEqual` takes seconds for a picture. */
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** The values of a grey PNG. */
const grey = (png: Uint8Array) => sharp(png).extractChannel(0).raw().toBuffer();

/** What a raw socket is answered, until the other side closes it. */
function sent(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = "";
    connect({ host: hostname, port: Number(port) }, function (this: import("node:net").Socket) {
      this.write(text);
    })
      .on("data", (data) => {
        answer += data;
      })
      .on("error", reject)
      .on("close", () => resolve(answer));
  });
}

describe("a service", () => {
  it("answers as the segmenter does: facts, overlay, label map, legend and masks", async () => {
    const segmenter = await createSegmenter({
      config: DEMO_MODEL.config,
      set: { ...DEMO_MODEL.set, "DATASET.imgSizes": [64, 96] },
    });
    const truth = await segmenter.segment(PHOTO);
    segmenter.dispose();
    const { segment, url } = await running();
    const query = "sizes=64,96";
    const facts = await segment({ query });
    expect([facts.status, facts.headers.get("vary")]).toEqual([200, "Accept"]);
    const { width, height, classes } = truth;
    expect(await facts.json()).toEqual({ width, height, classes });

    const rgb = async (answer: Response) => {
      expect(answer.headers.get("content-type")).toBe("image/png");
      return new Uint8Array(
        await sharp(await bytesOf(answer))
          .removeAlpha()
          .raw()
          .toBuffer(),
      );
    };
    const overlay = await rgb(await segment({ query, headers: { accept: "image/png" } }));
    expect(same(overlay, truth.overlay().data)).toBe(true);
    const strong = await rgb(await segment({ query: `${query}&picture=overlay&alpha=1` }));
    expect(same(strong, truth.overlay(1).data)).toBe(true);
    expect(same(await rgb(await segment({ query: `${query}&picture=legend` })), truth.legend().data)).toBe(true);

    const file = join(temporaryFolder(), "labels.png");
    writeFileSync(file, await bytesOf(await segment({ query: `${query}&picture=labels` })));
    expect(same(Uint8Array.from((await readLabel(file)).labels), Uint8Array.from(truth.labels))).toBe(true);

    const [{ name, index }] = classes as [(typeof classes)[0]];
    const mask = await grey(await bytesOf(await segment({ query: `${query}&mask=${name}` })));
    expect(same(mask, truth.mask(name).data)).toBe(true);
    const only = await segment({ query: `${query}&classes=${index}` });
    expect(((await only.json()) as typeof truth).classes).toEqual([classes[0]]);

    const json = { image: PHOTO.toString("base64"), sizes: [64, 96], mask: index };
    const inJson = await fetch(`${url}/v1/segment`, {
      method: "POST",
      body: JSON.stringify({ ...json, image: `data:image/jpeg;base64,${json.image}` }),
      headers: { "content-type": "application/json" },
    });
    expect(same(await grey(await bytesOf(inJson)), truth.mask(name).data)).toBe(true);
  });

  describe("that runs", () => {
    let service: RunningService;
    let url: string;
    const options = { maxBytes: 300_000, maxPixels: 640 * 427, bodyLimit: 2, cors: ["https://friend.example"] };
    beforeAll(async () => {
      service = await serve({ config: DEMO_MODEL.config, set: DEMO_MODEL.set, port: 0, workers: 1, ...options });
      ({ url } = service);
    });
    afterAll(() => service.close());
    const post = (query: string, body: RequestInit["body"], headers: Record<string, string>) =>
      fetch(`${url}/v1/segment?${query}`, { method: "POST", body, headers });
    const jpeg = { "content-type": "image/jpeg" };
    const json = { "content-type": "application/json" };

    it.each([
      [400, "bad-request", "sizes=0x10", PHOTO, jpeg],
      [400, "bad-request", "picture=overlay&picture=legend", PHOTO, jpeg],
      [400, "bad-request", "picture=overlay&mask=sky", PHOTO, jpeg],
      [400, "bad-request", "alhpa=1", PHOTO, jpeg],
      [400, "bad-request", "", "{", json],
      [400, "bad-request", "", "[]", json],
      [400, "bad-request", "", '{"image": "aa", "url": "http://x"}', json],
      [400, "bad-request", "", '{"__proto__": {"image": "aa"}}', json],
      [400, "bad-request", "", "", jpeg],
      [406, "not-acceptable", "", PHOTO, { ...jpeg, accept: "text/html" }],
      [406, "not-acceptable", "mask=sky", PHOTO, { ...jpeg, accept: "application/json" }],
      [413, "too-large", "", new Uint8Array(300_001), jpeg],
      [413, "too-large", "", JSON.stringify({ image: "A".repeat(400_004) }), json],
      [415, "unsupported-type", "", "hello", { "content-type": "text/plain" }],
      [415, "unsupported-type", "", "hello", { "content-type": "image" }],
      [422, "not-a-photo", "", "hello", jpeg],
      [422, "not-a-photo", "", PHOTO.subarray(0, 1000), jpeg],
      [422, "not-a-photo", "mask=skyy", PHOTO, jpeg],
      [422, "not-a-photo", "classes=150", PHOTO, jpeg],
      [422, "not-a-photo", "sizes=99999", PHOTO, jpeg],
      [422, "not-a-photo", "sizes=1,1,1,1,1,1", PHOTO, jpeg],
      [422, "not-a-photo", "", '{"image": "http://127.0.0.1/"}', json],
      [422, "not-a-photo", "", '{"url": "http://127.0.0.1/"}', json],
      [403, "foreign-origin", "", PHOTO, { ...jpeg, origin: "https://foe.example" }],
    ])("answers %i %s to %s", async (status, code, query, body, headers) => {
      const answer = await post(query, body as RequestInit["body"], headers as Record<string, string>);
      expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
      const problem = (await answer.json()) as Record<string, string>;
      expect(problem).toMatchObject({ status, code, type: `/docs#${code}` });
      expect(problem.instance).toBe(`urn:uuid:${answer.headers.get("x-request-id")}`);
      expect(problem.detail).toMatch(/.+/);
      expect(JSON.stringify(problem)).not.toMatch(/\\n|node_modules|\.ts:/);
    });

    it("refuses photos of too many pixels by what their heads say", async () => {
      const large = await sharp({ create: { width: 641, height: 427, channels: 3, background: "teal" } })
        .png()
        .toBuffer();
      const answer = await post("", large, { "content-type": "image/png" });
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([413, "too-large"]);
    });

    it("lets pages of friends ask, and no others", async () => {
      const friend = await post(SMALL, PHOTO, { ...jpeg, origin: "https://friend.example" });
      expect([friend.status, friend.headers.get("access-control-allow-origin")]).toEqual([
        200,
        "https://friend.example",
      ]);
      const own = await post(SMALL, PHOTO, { ...jpeg, origin: url });
      expect(own.status).toBe(200);
    });

    it("goes by the loopback's names alone, so that no page can reach it by one that it makes up", async () => {
      const status = async (host: string) =>
        Number((await sent(url, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).split(" ")[1]);
      expect(await status("foe.example")).toBe(421);
      expect(await status("127.0.0.1.foe.example")).toBe(421);
      expect(await status("localhost:80")).toBe(200);
      expect(await status("[::1]:8080")).toBe(200);
      expect(await status("seg.localhost")).toBe(200);
    });

    it("names the methods there are, tells what is nowhere, and lists what there is", async () => {
      const wrong = await fetch(`${url}/v1/segment`);
      expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
      expect((await fetch(`${url}/v2`)).status).toBe(404);
      const docs = await (await fetch(`${url}/docs`)).text();
      expect(docs).toContain("POST /v1/segment");
      // Nothing from elsewhere, and no script.
      expect(docs).not.toMatch(/<script|<link|<img|src=|https?:\/\/(?!localhost)/);
      expect((await fetch(`${url}/`)).headers.get("content-type")).toContain("text/html");
    });

    it("tells Prometheus what it did", async () => {
      await post(SMALL, PHOTO, jpeg);
      const text = await (await fetch(`${url}/metrics`)).text();
      expect(text).toMatch(/^seg_requests_total\{route="\/v1\/segment",method="POST",status="200"\} [1-9]/m);
      expect(text).toMatch(/^seg_request_duration_seconds_sum\{route="\/v1\/segment"\} [\d.]*[1-9]/m);
      expect(text).toMatch(/^seg_request_duration_seconds_count\{route="\/v1\/segment"\} [1-9]/m);
      expect(text).toMatch(/^seg_workers_ready 1$/m);
      expect(text).toMatch(/^seg_queue_length 0$/m);
      const pixels = Number(/^seg_pixels_total (\d+)$/m.exec(text)?.[1]);
      expect(pixels % (640 * 427)).toBe(0);
      expect(pixels).toBeGreaterThan(0);
    });

    it("gives up on bodies and heads that do not come", async () => {
      const head = `POST /v1/segment HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 99999\r\n\r\nabc`;
      const [slow, half] = await Promise.all([sent(url, head), sent(url, "POST /v1/seg")]);
      expect(slow).toMatch(/^HTTP\/1.1 408 .*"code":"too-slow"/s);
      expect(half).toMatch(/^HTTP\/1.1 408 .*"code":"too-slow"/s);
      expect(await sent(url, "hello\r\n\r\n")).toMatch(/^HTTP\/1.1 400 .*"code":"bad-request"/s);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
    });
  });

  it("has room for so many requests, and tells others when to come again", async () => {
    const { segment, url } = await running({ queue: 1 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => segment({ query: "sizes=300" })));
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    const refused = answers.find(({ status }) => status === 429)!;
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(((await refused.json()) as { code: string }).code).toBe("queue-full");
    expect((await segment()).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it("drops a photo whose client went away, and answers 504 where time is up", async () => {
    const { segment, url, events } = await running({ timeLimit: 1, maxSize: 2000, maxSizes: 100 });
    const client = new AbortController();
    const gone = segment({ query: "sizes=300,300,300,300,300", signal: client.signal });
    setTimeout(() => client.abort(), 100);
    await expect(gone).rejects.toThrow();
    await expect
      .poll(() => events.find(({ type }) => type === "request"), { timeout: 60_000 })
      .toMatchObject({ status: 499 });
    const late = await segment({ query: `sizes=${Array(100).fill(1500)}` });
    expect([late.status, ((await late.json()) as { code: string }).code]).toEqual([504, "took-too-long"]);
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 60_000 }).toBe(200);
    await expect
      .poll(async () => /^seg_photos_in_work 0$/m.test(await (await fetch(`${url}/metrics`)).text()))
      .toBe(true);
  });

  it("fetches photos where that is allowed, from private addresses only where that is too", async () => {
    const { address } = await fileServer((_request, response) => void response.end(PHOTO));
    const ask = async (urls: "public" | "any", at: string) => {
      const { url } = await running({ urls });
      const body = JSON.stringify({ url: at, sizes: [64] });
      return fetch(`${url}/v1/segment`, { method: "POST", body, headers: { "content-type": "application/json" } });
    };
    expect((await ask("any", address)).status).toBe(200);
    for (const at of [address, address.replace("127.0.0.1", "localhost"), "file:///etc/passwd"]) {
      const refused = await ask("public", at);
      expect([at, refused.status]).toEqual([at, 422]);
    }
  });

  it("finishes what is at work before it ends, and takes nothing more", async () => {
    const { segment, url, close } = await running({ grace: 60 });
    const pending = segment({ query: "sizes=300" });
    await expect
      .poll(async () => /^seg_photos_in_work 1$/m.test(await (await fetch(`${url}/metrics`)).text()), {
        timeout: 60_000,
      })
      .toBe(true);
    const closed = close();
    expect((await pending).status).toBe(200);
    expect(await closed).toBe(true);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it("says in a line which port is taken, and what is wrong with options", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    await expect(serve({ port })).rejects.toThrow(
      `Expected port ${port} of 127.0.0.1 to be free but another program listens there: end that one, or take another port, such as --port 0 for any that is free.`,
    );
    other.close();
    await expect(serve({ port: -1 })).rejects.toMatchObject({ code: "option", data: { option: "port" } });
    await expect(serve({ cors: ["example.org"] })).rejects.toMatchObject({ code: "option", data: { option: "cors" } });
    await expect(serve({ prot: 1 } as object)).rejects.toThrow("did you mean port?");
  });

  it("ends with the error of a worker that cannot be", async () => {
    const weights = { encoder: "/nowhere/encoder.pth", decoder: "/nowhere/decoder.pth" };
    const options = { config: DEMO_MODEL.config, set: DEMO_MODEL.set, port: 0, workers: 1 };
    await expect(serve({ ...options, weights })).rejects.toMatchObject({ name: "CheckpointError", code: "not-found" });
  });
});
