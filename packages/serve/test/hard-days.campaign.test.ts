import { readFileSync } from "node:fs";
import { childrenOf } from "@seg/testing/node";
import { thorough } from "@seg/testing/thorough";
import { describe, expect, it } from "vitest";
import { PHOTO, running } from "./running.ts";

const isLinux = process.platform === "linux";

/** Mulberry32: numbers from 0 to 1 that are the same in each run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Kilobytes that this process and its children hold. */
function residentMemory(): number {
  const own = [process.pid, ...childrenOf(process.pid)];
  return own.reduce((sum, pid) => {
    const [, kilobytes = 0] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return sum + Number(kilobytes);
  }, 0);
}

describe("a service on hard days", () => {
  it.skipIf(!isLinux)(
    `answers every request while its workers are killed${isLinux ? "" : " (skipped: /proc names no children here)"}`,
    async () => {
      const before = new Set(childrenOf(process.pid));
      const { segment, url, events } = await running({ workers: 2, queue: 64 });
      let answered = 0;
      const clients = Array.from({ length: 6 }, async () => {
        const statuses: number[] = [];
        for (let i = 0; i < 10; i++) {
          const answer = await segment({ query: "sizes=300" });
          await answer.arrayBuffer();
          statuses.push(answer.status);
          answered++;
        }
        return statuses;
      });
      for (const after of [6, 18, 30, 42]) {
        await expect.poll(() => answered, { timeout: 300_000 }).toBeGreaterThanOrEqual(after);
        const victim = childrenOf(process.pid).find((pid) => !before.has(pid));
        if (victim) process.kill(victim, "SIGKILL");
      }
      const statuses = (await Promise.all(clients)).flat();
      // 503 for who asks while no worker is there, 500 for a photo at which two were killed.
      expect(statuses.filter((status) => ![200, 500, 503].includes(status))).toEqual([]);
      expect(statuses).toHaveLength(60);
      expect(statuses).toContain(200);
      expect(events.filter(({ type }) => type === "death").length).toBeGreaterThanOrEqual(2);
      await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 300_000 }).toBe(200);
      expect((await segment()).status).toBe(200);
    },
  );

  const batches = thorough ? 125 : 50;
  it(`answers ${batches * 8} damaged bodies in its one form of error, and lives`, async () => {
    const { segment, url } = await running({ maxPixels: 1_000_000 });
    const next = random(13);
    const json = Buffer.from(JSON.stringify({ image: PHOTO.subarray(0, 3000).toString("base64"), sizes: [32] }));
    const damaged = (source: Buffer) => {
      const bytes = Buffer.from(source.subarray(0, 1 + Math.floor(next() * source.length)));
      const hits = 1 + Math.floor(next() * 20);
      for (let i = 0; i < hits; i++) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
      return bytes;
    };
    const types = ["image/jpeg", "image/png", "application/octet-stream", "application/json"];
    const seen = new Set<number>();
    for (let batch = 0; batch < batches; batch++) {
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          const type = types[Math.floor(next() * types.length)]!;
          const body = damaged(type === "application/json" ? json : PHOTO.subarray(0, 20_000));
          const answer = await segment({
            query: type === "application/json" ? "" : "sizes=32",
            body,
            headers: { "content-type": type },
          });
          seen.add(answer.status);
          const text = await answer.text();
          if (answer.status === 200) return;
          const problem = JSON.parse(text) as { status: number };
          expect([answer.headers.get("content-type"), problem.status]).toEqual([
            expect.stringMatching(/^application\/problem\+json/),
            answer.status,
          ]);
        }),
      );
    }
    expect([...seen].filter((status) => ![200, 400, 413, 422].includes(status))).toEqual([]);
    expect(seen).toContain(422);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^seg_worker_restarts_total 0$/m);
    expect((await segment()).status).toBe(200);
  });

  it.skipIf(!isLinux)(
    `holds no more memory after hundreds of photos${isLinux ? "" : " (skipped: /proc tells no memory here)"}`,
    async () => {
      const { segment } = await running();
      const ask = async (count: number) => {
        for (let i = 0; i < count; i++) await (await segment({ query: "sizes=32&picture=overlay" })).arrayBuffer();
      };
      await ask(60);
      const before = residentMemory();
      await ask(240);
      // A photo and its overlay are 1.6 MB: were each kept, it would be 384 MB.
      expect(residentMemory() - before).toBeLessThan(200_000);
    },
  );
});
