import type { Waiting } from "@seg/collectives";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DataParallel, type LaunchOptions } from "../../src/index.ts";
import type { Act, ActOptions } from "../fixtures/acts.ts";
import { isAlive, LAUNCHERS } from "./launchers.ts";

type Answer = Record<string, unknown>;

const ACTS = new URL("../fixtures/acts.ts", import.meta.url);
const open: DataParallel<Act, Answer>[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  return Promise.all(open.splice(0).map((parallel) => parallel.dispose()));
});

async function launch(options: Partial<LaunchOptions<ActOptions>> = {}) {
  const devices = [{ engine: "cpu" }, { engine: "cpu" }] as const;
  const parallel = await DataParallel.launch<Act, Answer, ActOptions>({ devices, module: ACTS, ...options });
  open.push(parallel);
  return parallel;
}

const both = (act: Act["act"]): Act[] => [{ act }, { act }];

describe.each(LAUNCHERS)("Replicas as $launcher", ({ launcher, absent }) => {
  describe.skipIf(absent)(absent ? `(skipped: ${absent})` : "", () => {
    it("are handed a dict each, of their own shapes, and give theirs back in rank order", async () => {
      const parallel = await launch({ launcher });
      expect(parallel.size).toBe(2);
      const dicts: Act[] = [
        { act: "echo", image: Float32Array.of(1, 2, 3), files: ["a.jpg"] },
        { act: "echo", image: Float32Array.of(4, 5), labels: Int32Array.of(-1, 7), scale: 0.5 },
      ];
      const reports: unknown[] = [];
      const answers = await parallel.run(dicts, { onReport: (value, rank) => reports.push([rank, value]) });
      expect(answers).toMatchObject([
        { rank: 0, size: 2, engine: "cpu", image: Float32Array.of(1, 2, 3), files: ["a.jpg"] },
        { rank: 1, size: 2, engine: "cpu", image: Float32Array.of(4, 5), labels: Int32Array.of(-1, 7), scale: 0.5 },
      ]);
      expect(reports.sort()).toEqual([
        [0, "echo of 0"],
        [1, "echo of 1"],
      ]);
      const [first, second] = answers as { thread: number; pid: number }[];
      expect(first!.pid === process.pid).toBe(launcher === "threads");
      expect(first!.pid === second!.pid).toBe(launcher === "threads");
      expect(first!.thread === second!.thread).toBe(launcher === "processes");

      // Wrong numbers of dicts cost nothing.
      await expect(parallel.run(dicts.slice(1))).rejects.toMatchObject({
        code: "scatter",
        data: { expected: 2, received: "1 (object)" },
      });
      await expect(parallel.run([...dicts, ...dicts])).rejects.toMatchObject({
        code: "scatter",
        data: { expected: 2 },
      });
      await expect(parallel.run([dicts[1]!, null as never])).rejects.toMatchObject({
        code: "scatter",
        data: { expected: 2, received: "2 (object, null)" },
      });

      const overlapping = await Promise.all(
        Array.from({ length: 5 }, (_, i) =>
          parallel.run([
            { act: "echo", i },
            { act: "echo", i: -i },
          ]),
        ),
      );
      expect(overlapping.map((pair) => pair.map(({ i }) => i))).toEqual([
        [0, -0],
        [1, -1],
        [2, -2],
        [3, -3],
        [4, -4],
      ]);

      await parallel.dispose();
      await parallel.dispose();
      await expect(parallel.run(dicts)).rejects.toMatchObject({ code: "disposed" });
      if (launcher === "processes") expect([first!.pid, second!.pid].filter(isAlive)).toEqual([]);
    });

    it("end together when one throws, whose error and stack are told", async () => {
      const parallel = await launch({ launcher });
      const [{ pid }] = (await parallel.run(both("echo"))) as [{ pid: number }];
      const failure = {
        name: "DataParallelError",
        code: "replica",
        rank: 1,
        data: { rank: 1, size: 2 },
        message: "Replica 1 of 2 failed: photo.jpg is broken.",
        cause: {
          name: "TypeError",
          message: "photo.jpg is broken.",
          code: "truncated",
          cause: { message: "end of file" },
        },
      };
      // Rank 0 waits for rank 1 in a collective, and a second run waits for the first.
      const first = parallel.run([{ act: "meet" }, { act: "throw" }]).catch((error) => error);
      const second = parallel.run(both("meet")).catch((error) => error);
      const error = await first;
      expect(error).toMatchObject(failure);
      expect(error.cause.stack).toContain("acts.ts");
      expect(await second).toBe(error);
      await expect(parallel.run(both("echo"))).rejects.toBe(error);
      if (launcher === "processes") expect(isAlive(pid)).toBe(false);
      await parallel.dispose();
    });

    it("end together when one ends by itself, or is killed", async () => {
      const parallel = await launch({ launcher });
      const pids = (await parallel.run(both("echo"))).map(({ pid }) => pid as number);
      const failing = parallel.run([{ act: "meet" }, { act: launcher === "threads" ? "exit" : "wait" }]);
      if (launcher === "processes") process.kill(pids[1]!, "SIGKILL");
      await expect(failing).rejects.toMatchObject({
        code: "replica",
        rank: 1,
        message: expect.stringMatching(
          launcher === "threads" ? /^Replica 1 of 2 ended with code 7$/ : /^Replica 1 of 2 was killed by SIGKILL/,
        ),
      });
      if (launcher === "processes") expect(pids.filter(isAlive)).toEqual([]);
    });

    it("see when an early end is wanted, and are ended when nobody wants them at work", async () => {
      const disposed = new SharedArrayBuffer(4);
      const options = launcher === "threads" ? { disposed } : {};
      const parallel = await launch({ launcher, options });
      const early = new AbortController();
      const aborted = parallel.run(both("wait"), { signal: early.signal });
      early.abort(new Error("enough"));
      expect(await aborted).toEqual([
        { rank: 0, aborted: true },
        { rank: 1, aborted: true },
      ]);
      await expect(parallel.run(both("wait"), { signal: early.signal })).rejects.toThrow("enough");
      const working = parallel.run(both("wait")).catch((error) => error);
      await parallel.dispose();
      expect(await working).toMatchObject({ code: "disposed" });
    });
  });
});

describe("Replicas", () => {
  it("get their arrays without a copy in threads, but for memory that others see too", async () => {
    const disposed = new SharedArrayBuffer(4);
    const parallel = await launch({ options: { disposed } });
    const whole = Float32Array.of(1, 2);
    const part = Float32Array.of(3, 4, 5).subarray(1);
    const both = Float32Array.of(6);
    const [first, second] = await parallel.run([
      { act: "echo", whole, part, both },
      { act: "echo", both, buffer: Buffer.from("seven") },
    ]);
    expect(first).toMatchObject({
      whole: Float32Array.of(1, 2),
      part: Float32Array.of(4, 5),
      both: Float32Array.of(6),
    });
    expect((first!.part as Float32Array).buffer.byteLength).toBe(8);
    expect(second).toMatchObject({ both: Float32Array.of(6), buffer: Uint8Array.from(Buffer.from("seven")) });
    expect([whole.length, part.length, both.length]).toEqual([0, 2, 1]);
    await parallel.dispose();
    expect(new Int32Array(disposed)[0]).toBe(2);
  });

  it("fail with what they throw outside of a run, cannot send, or cannot be sent", async () => {
    const run = async (act: Record<string, unknown>) => {
      const parallel = await launch({ devices: [{ engine: "cpu" }] });
      return parallel.run([act as Act]).catch((error) => error);
    };
    const errors = await Promise.all([
      run({ act: "throw later" }),
      run({ act: "return a function" }),
      run({ act: () => {} }),
    ]);
    expect(errors).toMatchObject([
      { code: "replica", rank: 0, cause: { name: "RangeError", message: "nobody awaited this" } },
      { code: "replica", rank: 0, message: expect.stringContaining("could not be cloned") },
      { code: "scatter", message: expect.stringContaining("could not be cloned") },
    ]);
  });
});

const [, processes] = LAUNCHERS;
// Windows stops no process, and starts one at most.
const cannotStop = processes!.absent ?? (process.platform === "win32" ? "no signals here" : undefined);

describe.skipIf(cannotStop)(
  cannotStop ? `A process that was stopped (skipped: ${cannotStop})` : "A process that was stopped",
  () => {
    it.each([0, 1])("is told of as replica %i, and goes on when the end is asked for", async (stopped) => {
      const waits: Waiting[] = [];
      let meetings = 0;
      const parallel = await launch({
        launcher: "processes",
        waitingMs: 500,
        onWaiting: (waiting) => waits.push(waiting),
      });
      const pids = (await parallel.run(both("echo"))).map(({ pid }) => pid as number);
      const end = new AbortController();
      const run = parallel.run(both("meet until the end"), { signal: end.signal, onReport: () => meetings++ });
      await vi.waitUntil(() => meetings > 2, { timeout: 60_000 });
      process.kill(pids[stopped]!, "SIGSTOP");
      const since = waits.length;
      await vi.waitUntil(() => waits.length > since + 1, { timeout: 60_000 });
      expect(waits.at(-1)).toEqual({ ranks: [stopped], during: "allReduce", seconds: expect.any(Number) });
      end.abort();
      expect(await run).toEqual([
        { rank: 0, aborted: true },
        { rank: 1, aborted: true },
      ]);
    });
  },
);

describe("A replica that does not come to a collective", () => {
  it("is named by the one that waited for it", async () => {
    const parallel = await launch({ timeoutMs: 2000, options: { started: new SharedArrayBuffer(4) } });
    await expect(parallel.run([{ act: "meet" }, { act: "echo" }])).rejects.toMatchObject({
      code: "replica",
      rank: 0,
      cause: { name: "CollectiveError", code: "timeout", rank: 1, data: { during: "allReduce", ranks: [1] } },
    });
  });
});

describe("A launch", () => {
  it("fails when one of the replicas cannot be made, while the others wait for it", async () => {
    await expect(launch({ options: { failsAtStart: 1 } })).rejects.toMatchObject({
      code: "replica",
      rank: 1,
      cause: { name: "RangeError", message: "no such data set" },
    });
  });

  it("fails when the module is not one", async () => {
    const alone = { devices: [{ engine: "cpu" }] } as const;
    const other = new URL("../fixtures/no-source.ts", import.meta.url);
    await expect(launch({ ...alone, module: other })).rejects.toMatchObject({
      code: "replica",
      cause: { code: "module", data: { exports: ["other"] } },
    });
    await expect(launch({ ...alone, module: "nowhere/none.ts" })).rejects.toMatchObject({
      cause: { code: "module", data: { module: expect.stringMatching(/nowhere\/none\.ts$/) } },
    });
  });

  it("refuses options that make no sense", async () => {
    const refused = (options: object, option: string, received: unknown) =>
      expect(launch(options as Partial<LaunchOptions<ActOptions>>)).rejects.toMatchObject({
        code: "option",
        data: { option, received },
      });
    await refused({ devices: [] }, "devices", []);
    await refused({ devices: 2 }, "devices", 2);
    await refused({ devices: [{ engine: "tensorflwo" }] }, "devices[0].engine", "tensorflwo");
    await refused({ devices: [{ threads: 0 }] }, "devices[0].threads", 0);
    await refused({ devices: [{ gpu: -1 }] }, "devices[0].gpu", -1);
    await refused({ devices: [{ gpu: 0 }], launcher: "threads" }, "launcher", "threads");
    await refused({ launcher: "clusters" }, "launcher", "clusters");
    const data = { option: "timeoutMs", received: 0 };
    await expect(launch({ timeoutMs: 0 })).rejects.toMatchObject({ name: "CollectiveError", code: "option", data });
    vi.stubEnv("CUDA_VISIBLE_DEVICES", "5");
    await refused({ devices: [{ gpu: 0 }, { gpu: 1 }] }, "gpu", 1);
  });

  it("can be called off", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const called = launch({ signal });
    setTimeout(() => controller.abort(new Error("enough")), 1);
    await expect(called).rejects.toThrow("enough");
    await expect(launch({ signal })).rejects.toThrow("enough");
  });
});
