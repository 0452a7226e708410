import { once } from "node:events";
import { readOdgt, TRAIN_SOURCE, type TrainBatch, type TrainSourceOptions } from "@seg/ade20k-data";
import { startProcess } from "@seg/node";
import { shared, unlessShared } from "@seg/testing";
import { afterEach, describe, expect, it } from "vitest";
import { type LoaderOptions, SeededLoader } from "../../src/loader/seeded-loader.ts";

interface Sample {
  letter: string;
  chance: number;
  pixels: Float32Array;
  thread: number;
}

const NUMBERS = new URL("../fixtures/numbers.ts", import.meta.url);
const open: SeededLoader<unknown>[] = [];
afterEach(() => Promise.all(open.splice(0).map((loader) => loader.dispose())));

function create(options: Partial<LoaderOptions<unknown>> = {}): SeededLoader<Sample> {
  const loader = new SeededLoader<Sample>({ module: NUMBERS, options: { list: "abcdefgh" }, seed: 304, ...options });
  open.push(loader);
  return loader;
}

async function take(count: number, loader: SeededLoader<Sample>): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) samples.push(await loader.next());
  return samples;
}

/** What of the samples must be the same; threads need not be. */
const contents = (samples: Sample[]) => samples.map(({ letter, chance, pixels }) => [letter, chance, ...pixels]);

describe("A seeded loader", () => {
  it("gives the same sequence for the same seed and workers, whatever thread is faster", async () => {
    const options = { workers: 3, threads: 0, epochLength: 20 };
    const first = contents(await take(50, create(options)));
    const slow = { list: "abcdefgh", delay: 5 };
    expect(contents(await take(50, create({ ...options, threads: 3, options: slow })))).toEqual(first);
    expect(contents(await take(50, create({ ...options, threads: 1, prefetch: 11 })))).toEqual(first);
    expect(contents(await take(50, create(options)))).toEqual(first);
    expect(contents(await take(50, create({ ...options, seed: 305 })))).not.toEqual(first);
    expect(contents(await take(50, create({ ...options, seed: [304, 1] })))).not.toEqual(first);
    expect(contents(await take(50, create({ ...options, workers: 2 })))).not.toEqual(first);
  });

  it("lets workers take turns, each with an order of its own in each epoch", async () => {
    // An epoch is two rounds of two workers' lists of eight.
    const samples = await take(64, create({ workers: 2, threads: 0, epochLength: 32 }));
    const letters = (epoch: number, worker: number) =>
      samples
        .slice(epoch * 32, (epoch + 1) * 32)
        .filter((_, i) => i % 2 === worker)
        .map(({ letter }) => letter)
        .join("");
    const orders = [letters(0, 0), letters(0, 1), letters(1, 0), letters(1, 1)];
    for (const order of orders) {
      for (const round of [order.slice(0, 8), order.slice(8)]) expect([...round].sort().join("")).toBe("abcdefgh");
    }
    expect(new Set(orders).size).toBe(4);
  });

  it("resumes at any position as if it had never stopped", async () => {
    const options = { workers: 3, epochLength: 10 };
    const whole = create({ ...options, threads: 0 });
    const expected = contents(await take(34, whole));
    expect(whole.position).toEqual({ epoch: 3, iteration: 4 });
    for (const [at, threads] of [
      [0, 0],
      [1, 0],
      [9, 0],
      [10, 0],
      [23, 0],
      [5, 2],
    ] as const) {
      const stopped = create({ ...options, threads });
      await take(at, stopped);
      const start = JSON.parse(JSON.stringify(stopped.position));
      expect(start).toEqual({ epoch: Math.floor(at / 10), iteration: at % 10 });
      expect(contents(await take(34 - at, create({ ...options, threads, start })))).toEqual(expected.slice(at));
    }
  });

  it("makes the sequence of one worker in the calling thread with none, and only what is asked for", async () => {
    const made = new SharedArrayBuffer(4);
    const here = create({ workers: 0, options: { list: "abcdefgh", made } });
    const samples = await take(20, here);
    expect(new Int32Array(made)[0]).toBe(20);
    const there = await take(20, create({ workers: 1 }));
    expect(contents(samples)).toEqual(contents(there));
    expect(samples[0]!.thread).not.toBe(there[0]!.thread);
  });

  it("spreads its workers over its threads", async () => {
    const threads = (await take(12, create({ workers: 6, threads: 2 }))).map(({ thread }) => thread);
    expect(new Set(threads).size).toBe(2);
    expect(threads.every((thread, i) => thread === threads[i % 2])).toBe(true);
  });

  it("works ahead, but not further than it is told", async () => {
    const made = new SharedArrayBuffer(4);
    const count = () => new Int32Array(made)[0]!;
    const loader = create({ workers: 2, threads: 2, prefetch: 5, options: { list: "abcdefgh", made } });
    await expect.poll(count, { timeout: 600_000 }).toBe(5);
    await take(3, loader);
    await expect.poll(count, { timeout: 600_000 }).toBe(8);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(count()).toBe(8);
    expect(loader.position).toEqual({ epoch: 0, iteration: 3 });
  });

  it("gives waiting callers their samples in the order of their calls", async () => {
    const expected = contents(await take(6, create({ workers: 2, threads: 0 })));
    const loader = create({ workers: 2, threads: 1, options: { list: "abcdefgh", delay: 10 } });
    const samples = await Promise.all(Array.from({ length: 6 }, () => loader.next()));
    expect(contents(samples)).toEqual(expected);
    expect(loader.position).toEqual({ epoch: 0, iteration: 6 });
  });

  it("refuses counts that make no sense", () => {
    const refused = (option: string, received: number) =>
      expect.objectContaining({ code: "option", data: { option, received } });
    expect(() => create({ workers: -1 })).toThrow(refused("workers", -1));
    expect(() => create({ workers: 1.5 })).toThrow(refused("workers", 1.5));
    expect(() => create({ prefetch: Number.NaN })).toThrow(refused("prefetch", Number.NaN));
    expect(() => create({ start: { epoch: 0, iteration: -1 } })).toThrow(refused("iteration", -1));
    expect(() => create({ epochLength: 5, start: { epoch: 0, iteration: 5 } })).toThrow(
      expect.objectContaining({ code: "option", data: { option: "start", received: 5, expected: 5 } }),
    );
  });
});

describe("What goes wrong in a loader", () => {
  const broken = (how: string, at = 2) => ({ options: { list: "abcdefgh", fault: { at, how } } });

  it.each([0, 1, 2])("is told where the sequence comes to it, once and for all, with %i workers", async (workers) => {
    const loader = create({ workers, ...broken("throw") });
    const before = 2 * Math.max(workers, 1);
    await take(before, loader);
    const failure = {
      name: "DataParallelError",
      code: "sample",
      data: { epoch: 0, iteration: before, worker: 0 },
      message: `Loading failed (sample ${before} of epoch 0, worker 0): photo.jpg is broken.`,
      cause: { name: "TypeError", code: "truncated", message: "photo.jpg is broken." },
    };
    await expect(loader.next()).rejects.toMatchObject(failure);
    await expect(loader.next()).rejects.toMatchObject(failure);
    expect(loader.position).toEqual({ epoch: 0, iteration: before });
  });

  it("does not come up before its turn, nor as an unhandled rejection", async () => {
    const loader = create({ workers: 2, threads: 1, prefetch: 20, ...broken("throw", 5) });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await take(10, loader)).toHaveLength(10);
    await expect(loader.next()).rejects.toMatchObject({ code: "sample", data: { epoch: 0, iteration: 10 } });
  });

  it("may be a thread that ends", async () => {
    const loader = create({ ...broken("exit") });
    await take(2, loader);
    await expect(loader.next()).rejects.toMatchObject({ code: "thread", cause: { message: "it left with code 7" } });
  });

  it("may be a sample that cannot be sent", async () => {
    const loader = create({ ...broken("uncloneable", 0) });
    await expect(loader.next()).rejects.toMatchObject({
      code: "sample",
      data: { epoch: 0, iteration: 0, worker: 0 },
      cause: { name: "DataCloneError" },
    });
  });

  it.each([0, 1])("may be its module, with %i workers", async (workers) => {
    const module = new URL("../fixtures/no-source.ts", import.meta.url);
    await expect(create({ workers, module }).next()).rejects.toMatchObject({
      code: "module",
      data: { module: module.href, exports: ["other"] },
    });
    const none = new URL("../fixtures/none.ts", import.meta.url);
    await expect(create({ workers, module: none }).next()).rejects.toMatchObject({
      code: "module",
      data: { module: none.href },
      cause: expect.any(Error),
    });
  });
});

describe("Disposing of a loader", () => {
  it("refuses whoever waits, and whoever comes later, and may be done twice", async () => {
    const loader = create({ workers: 2, options: { list: "abc", delay: 100_000 } });
    const waiting = expect(loader.next()).rejects.toMatchObject({ code: "disposed" });
    await loader.dispose();
    await waiting;
    await expect(loader.next()).rejects.toMatchObject({ code: "disposed" });
    await loader.dispose();
  });

  it("may be forgotten: a process that wants no more samples ends", async () => {
    const script = new URL("../fixtures/forgets-dispose.ts", import.meta.url);
    const child = startProcess(script);
    const [letters] = await once(child, "message");
    expect(letters).toHaveLength(2);
    expect(await once(child, "exit")).toEqual([0, null]);
  });
});

const list = shared("data/camvid/val.odgt");

describe.skipIf(!list)(`Training batches from threads${unlessShared}`, () => {
  it("are the same as from the calling thread, and after a resume", async () => {
    const records = await readOdgt(list!);
    const batches = (workers: number, start = { epoch: 0, iteration: 0 }) => {
      const options = { records, batchSize: 2, sizes: [60, 90], numClasses: 11 };
      const loader = new SeededLoader<TrainBatch, TrainSourceOptions>({
        module: TRAIN_SOURCE,
        options,
        seed: 304,
        workers,
        epochLength: 4,
        start,
      });
      open.push(loader);
      return loader;
    };
    const here = batches(0);
    const expected = [];
    for (let i = 0; i < 6; i++) expected.push(await here.next());
    expect(expected[0]!.images.length).toBe(2 * expected[0]!.width * expected[0]!.height * 3);
    const there = batches(1);
    for (const batch of expected) expect(await there.next()).toEqual(batch);
    const resumed = batches(1, { epoch: 0, iteration: 3 });
    for (const batch of expected.slice(3)) expect(await resumed.next()).toEqual(batch);
  });
});
