import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { PHOTO, running, SMALL } from "./running.ts";

const LONG = { timeout: 30_000 };

/** The value of a meter. */
async function meter(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
}

/** A connection that sends a text and then nothing more; what it is answered. */
async function idleClient(url: string, text: string) {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect({ host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  let answer = "";
  socket.on("data", (data) => {
    answer += data;
  });
  socket.on("error", () => {});
  await new Promise((sent) => socket.write(text, sent));
  return { answer: () => answer };
}

/** A server that begins an answer and never ends it. */
async function stallingServer() {
  const open = new Set<ServerResponse>();
  const server = createServer((_request, response) => {
    open.add(response.on("close", () => open.delete(response)));
    response.write("a");
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/photo`, open };
}

const head = (type: string) =>
  `POST /v1/segment?${SMALL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: 1000\r\n\r\n`;

describe("a service with clients of all kinds", () => {
  it("lets a photo go at once whose client leaves while the engine is at another one", async () => {
    const { segment, url } = await running({ timeLimit: 600, maxSize: 2000, maxSizes: 100, queue: 1 });
    const client = (query: string) => {
      const gone = new AbortController();
      const answer = segment({ query, signal: gone.signal });
      answer.catch(() => {});
      return { answer, leave: () => gone.abort() };
    };
    const long = client(`sizes=${Array(100).fill(600)}`);
    await expect.poll(() => meter(url, "seg_photos_in_work"), LONG).toBe(1);
    const second = client(SMALL);
    await expect.poll(() => meter(url, "seg_photos_in_work"), LONG).toBe(2);
    const third = client(SMALL);
    await expect.poll(() => meter(url, "seg_queue_length"), LONG).toBe(1);
    second.leave();
    await expect(second.answer).rejects.toThrow();
    await expect.poll(() => meter(url, "seg_queue_length"), LONG).toBe(0);
    expect([await meter(url, "seg_photos_in_work"), await meter(url, "seg_worker_restarts_total")]).toEqual([2, 0]);
    long.leave();
    expect((await third.answer).status).toBe(200);
    expect(await meter(url, "seg_worker_restarts_total")).toBe(0);
  });

  it.each(["image/jpeg", "application/json", "application/octet-stream"])(
    "is not kept busy by bodies of %s that do not come",
    async (type) => {
      const { segment, url } = await running({ uploads: 3 });
      const idle = await Promise.all(Array.from({ length: 3 }, () => idleClient(url, `${head(type)}{`)));
      await expect.poll(() => meter(url, "seg_photos_arriving"), LONG).toBe(3);
      // Once they had time to begin.
      await expect.poll(async () => (await fetch(`${url}/readyz`)).status, LONG).toBe(200);
      expect((await segment()).status).toBe(200);
      const answered = () => idle.filter(({ answer }) => answer() !== "");
      await expect.poll(() => answered().length, LONG).toBe(1);
      expect(answered()[0]!.answer()).toMatch(
        /^HTTP\/1\.1 408 .*content-type: application\/problem\+json.*"code":"too-slow"/s,
      );
      expect(await meter(url, "seg_photos_arriving")).toBe(2);
    },
  );

  it("fetches so many photos at a time, and none of them keeps others out", async () => {
    const { segment, url } = await running({ urls: "any", uploads: 3 });
    const { address, open } = await stallingServer();
    const ask = () =>
      segment({ query: "", body: JSON.stringify({ url: address }), headers: { "content-type": "application/json" } });
    const statuses = new Set<number>();
    const codes = new Set<string>();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, open.size);
    }, 5);
    onTestFinished(() => clearInterval(watch));
    const answers = Array.from({ length: 12 }, async () => {
      const answer = await ask();
      statuses.add(answer.status);
      codes.add(((await answer.json()) as { code: string }).code);
    });
    await expect.poll(() => meter(url, "seg_photos_arriving"), LONG).toBe(3);
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, LONG).toBe(200);
    expect((await segment()).status).toBe(200);
    await Promise.all(answers);
    // 422: it was not there after its time.
    expect([...statuses].filter((status) => ![408, 422, 429].includes(status))).toEqual([]);
    expect([...codes]).toEqual(expect.arrayContaining(["queue-full", "not-a-photo"]));
    expect(most).toBeLessThanOrEqual(4);
  });

  it("is reached by the address that it prints, whatever names it is to go by", async () => {
    for (const host of ["127.0.0.1", "0.0.0.0"]) {
      const { url } = await running({ host, hosts: ["seg.example.org"] });
      expect([host, (await fetch(`${url}/readyz`)).status]).toEqual([host, 200]);
    }
  });

  it("answers with no photo of that class in it, and with a legend of nothing", async () => {
    const { segment } = await running();
    for (const query of ["picture=legend", "picture=labels", "picture=overlay", "mask=bed"]) {
      const answer = await segment({ query: `${SMALL}&${query}${query.startsWith("mask") ? "" : "&classes=bed"}` });
      expect([query, answer.status, answer.headers.get("content-type")]).toEqual([query, 200, "image/png"]);
    }
  });

  it.each([
    ["no Host", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    ["two of them", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400],
    ["one", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200],
    [
      "an Expect of its own",
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nConnection: close\r\n\r\n",
      417,
    ],
  ])("answers a request with %s in its one form", async (_what, text, status) => {
    const { url } = await running();
    const { answer } = await idleClient(url, text);
    await expect.poll(answer, LONG).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    if (status >= 400)
      await expect.poll(answer, LONG).toMatch(/content-type: application\/problem\+json.*"detail":".+"/s);
  });

  it("does not ask for a body that it will not take", async () => {
    const { url } = await running({ maxBytes: 2000 });
    const ask = (type: string, bytes: number) =>
      idleClient(
        url,
        `POST /v1/segment HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: ${type}\r\nContent-Length: ${bytes}\r\n\r\n`,
      );
    const large = await ask("image/jpeg", PHOTO.length);
    await expect.poll(large.answer, LONG).toMatch(/^HTTP\/1.1 413 /);
    const text = await ask("text/plain", 10);
    await expect.poll(text.answer, LONG).toMatch(/^HTTP\/1.1 415 /);
    const good = await ask("image/jpeg", 10);
    await expect.poll(good.answer, LONG).toMatch(/^HTTP\/1.1 100 Continue/);
  });
});
