import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { Pool, type PoolOptions } from "../src/pool.ts";

const WORKER = fileURLToPath(new URL("./pool-worker.mjs", import.meta.url));

const LONG = { timeout: 60_000 };

/** A pool of workers that do as their photos say, `pool-worker.mjs`. */
async function pooled(options: Partial<PoolOptions> = {}) {
  const deaths: string[] = [];
  const pool = new Pool({
    workers: 1,
    queue: 8,
    start: () => fork(WORKER, { serialization: "advanced", execArgv: [], stdio: ["ignore", "ignore", "pipe", "ipc"] }),
    onDeath: (reason) => deaths.push(reason),
    ...options,
  });
  onTestFinished(async () => {
    await pool.close(0);
  });
  await pool.firstReady;
  const ask = (deed: string, signal = new AbortController().signal) =>
    pool.run({ photo: Buffer.from(deed), maxPixels: 1 }, signal);
  /** Asks, and gives up when it is told. */
  const client = (deed: string) => {
    const gone = new AbortController();
    const answer = ask(deed, gone.signal);
    answer.catch(() => {});
    return { answer, leave: () => gone.abort(new Error("left")) };
  };
  return { pool, ask, client, deaths };
}

describe("a pool", () => {
  it("lets nobody who goes away while he waits end the work of another", async () => {
    const { pool, ask, client, deaths } = await pooled({ patience: 100 });
    const before = await ask("quick");
    const long = client("hold");
    for (let i = 0; i < 5; i++) {
      const other = client("quick");
      await expect.poll(() => pool.working, LONG).toBe(2);
      other.leave();
      await expect(other.answer).rejects.toThrow("left");
      await new Promise((soon) => setTimeout(soon, 300));
    }
    expect([deaths, pool.restarts, pool.working]).toEqual([[], 0, 1]);
    long.leave();
    // The same process.
    expect((await ask("quick")).facts).toEqual(before.facts);
  });

  it("has room again at once for whoever goes away while he waits", async () => {
    const { pool, client } = await pooled({ queue: 1 });
    const long = client("hold");
    const second = client("quick");
    const third = client("quick");
    await expect.poll(() => [pool.working, pool.waiting], LONG).toEqual([2, 1]);
    second.leave();
    await expect.poll(() => [pool.working, pool.waiting], LONG).toEqual([2, 0]);
    long.leave();
    expect((await third.answer).facts.height).toBe(1);
  });

  it("ends a worker that does not let go of a photo that nobody wants, and does the waiting one elsewhere", async () => {
    const { client, deaths } = await pooled({ patience: 100 });
    const stuck = client("stuck");
    const next = client("quick");
    stuck.leave();
    expect((await next.answer).facts.height).toBe(1);
    expect(deaths).toEqual(["computed on after its photo was given up"]);
  });

  it("does a photo again whose worker died, twice at most, and others' photos as often as it takes", async () => {
    const { ask, deaths, pool } = await pooled();
    const [bad, good] = await Promise.allSettled([ask("die"), ask("quick")]);
    expect(bad).toMatchObject({ status: "rejected", reason: { code: "failed" } });
    expect(good).toMatchObject({ status: "fulfilled" });
    expect(deaths).toEqual(["ended with code 7", "ended with code 7"]);
    expect(pool.restarts).toBe(2);
  });

  it("refuses what finds no room, with the seconds after which to ask again", async () => {
    const { pool, ask, client } = await pooled({ queue: 2 });
    const held = Array.from({ length: 4 }, () => client("hold"));
    await expect.poll(() => [pool.working, pool.waiting, pool.isFull], LONG).toEqual([2, 2, true]);
    await expect(ask("quick")).rejects.toMatchObject({
      code: "queue-full",
      message: "2 requests are waiting, which is all that the queue holds.",
      headers: { "retry-after": expect.stringMatching(/^[1-9]\d?$/) },
    });
    for (const { leave } of held.reverse()) leave();
    expect((await ask("quick")).facts.height).toBe(1);
    await expect.poll(() => [pool.working, pool.waiting, pool.isFull], LONG).toEqual([0, 0, false]);
  });

  it("finishes what there is when it is closed, or gives it up when time is up", async () => {
    const first = await pooled();
    const done = first.ask("wait 300");
    expect(await first.pool.close(60_000)).toBe(true);
    expect((await done).facts.height).toBe(1);
    await expect(first.ask("quick")).rejects.toMatchObject({ code: "not-ready" });
    const second = await pooled();
    const held = [second.client("hold"), second.client("quick"), second.client("quick")];
    expect(await second.pool.close(50)).toBe(false);
    for (const { answer } of held) await expect(answer).rejects.toMatchObject({ code: "not-ready" });
  });

  it("rejects with the reason of a worker that cannot start", async () => {
    const start = () =>
      fork(WORKER, { execArgv: ["--eval", "process.exit(3)"], stdio: ["ignore", "ignore", "pipe", "ipc"] });
    const pool = new Pool({ workers: 1, queue: 1, start });
    onTestFinished(async () => {
      await pool.close(0);
    });
    await expect(pool.firstReady).rejects.toThrow("ended with code 3");
    expect(pool.ready).toBe(0);
  });
});
