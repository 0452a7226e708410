import { Worker } from "node:worker_threads";
import { execArgvFor } from "@seg/node";
import * as tf from "@tensorflow/tfjs";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Engine, EngineLoader, EngineName } from "../src/engine.ts";
import { AUTO_ORDER, unavailable } from "../src/engine.ts";
import { type BackendError, describeEngines, type StartOptions, setupNativeEngine, startEngine } from "../src/index.ts";
import { startFirst as startFirstOf } from "../src/start-first.ts";

/** Why an engine does not start here, or undefined if it does. */
const whyNot = (name: EngineName) =>
  startEngine(name).then(
    () => undefined,
    (error: Error) => error.message,
  );

const startFirst = (choice: EngineName | "auto", options: StartOptions, made: Record<EngineName, EngineLoader>) =>
  startFirstOf(choice, options, made, AUTO_ORDER);

/** Loaders of which those in `working` start; the names of those that were asked go to `asked`. */
function loaders(working: EngineName[], asked: string[] = []): Record<EngineName, EngineLoader> {
  const make =
    (name: EngineName): EngineLoader =>
    async ({ threads }): Promise<Engine> => {
      asked.push(name);
      if (!working.includes(name)) throw unavailable(`${name} is on holiday`);
      return { name, package: `the ${name} package`, version: "1.2.3", device: "a chip", threads: threads ?? 1 };
    };
  return {
    "tensorflow-gpu": make("tensorflow-gpu"),
    tensorflow: make("tensorflow"),
    webgpu: make("webgpu"),
    wasm: make("wasm"),
    cpu: make("cpu"),
  };
}

describe("choosing an engine", () => {
  it("tries native GPU, native CPU and WebAssembly, in this order, and says why the first two do not run", async () => {
    const asked: string[] = [];
    const info = await startFirst("auto", {}, loaders(["wasm", "webgpu", "cpu"], asked));
    expect(asked).toEqual(["tensorflow-gpu", "tensorflow", "wasm"]);
    expect(info.name).toBe("wasm");
    expect(info.unavailable).toEqual([
      { name: "tensorflow-gpu", reason: "tensorflow-gpu is on holiday" },
      { name: "tensorflow", reason: "tensorflow is on holiday" },
    ]);
  });

  it("stops at the first engine that starts", async () => {
    const asked: string[] = [];
    const info = await startFirst("auto", {}, loaders(["tensorflow-gpu", "tensorflow", "wasm"], asked));
    expect(asked).toEqual(["tensorflow-gpu"]);
    expect(info.unavailable).toEqual([]);
  });

  it("never falls back to WebGPU or plain JavaScript by itself, and names every reason", async () => {
    const started = startFirst("auto", {}, loaders(["webgpu", "cpu"]));
    await expect(started).rejects.toMatchObject({
      code: "engine-unavailable",
      data: {
        unavailable: ["tensorflow-gpu", "tensorflow", "wasm"].map((name) => ({
          name,
          reason: `${name} is on holiday`,
        })),
      },
    });
  });

  it("tries nothing else when an engine is chosen by name", async () => {
    const asked: string[] = [];
    await expect(startFirst("webgpu", {}, loaders(["wasm"], asked))).rejects.toMatchObject({
      code: "engine-unavailable",
      data: { engine: "webgpu", reason: "webgpu is on holiday" },
    });
    expect(asked).toEqual(["webgpu"]);
  });

  it("does not take an engine that starts and fails the proof, and says why", async () => {
    const lines: string[] = [];
    const proven: string[] = [];
    const proof = ({ name }: Engine) => {
      proven.push(name);
      if (name === "tensorflow") throw new Error("a dilated convolution: refused\nat all");
    };
    const log = (line: string) => lines.push(line);
    const info = await startFirst("auto", { proof, log }, loaders(["tensorflow", "wasm"]));
    expect(info.name).toBe("wasm");
    expect(proven).toEqual(["tensorflow", "wasm"]);
    expect(info.unavailable[1]).toEqual({ name: "tensorflow", reason: "a dilated convolution: refused" });
    expect(lines[1]).toBe("Engine tensorflow starts but cannot do this work: a dilated convolution: refused");
  });

  it("refuses an engine chosen by name that fails the proof, and tries nothing else", async () => {
    const asked: string[] = [];
    const proof = async () => {
      throw new Error("its result is wrong");
    };
    await expect(startFirst("wasm", { proof }, loaders(["wasm", "cpu"], asked))).rejects.toMatchObject({
      code: "engine-unfit",
      data: { engine: "wasm", reason: "its result is wrong" },
    });
    expect(asked).toEqual(["wasm"]);
  });

  it("keeps the reason to the first line of whatever a loader throws", async () => {
    const broken = loaders(["wasm"]);
    broken.tensorflow = async () => {
      throw new Error("libtensorflow.so.2: cannot open shared object file\nRequire stack:\n- /a/b.js");
    };
    const info = await startFirst("auto", {}, broken);
    expect(info.unavailable[1]!.reason).toBe("libtensorflow.so.2: cannot open shared object file");
  });

  it("logs a line for each engine tried", async () => {
    const lines: string[] = [];
    await startFirst("auto", { log: (line) => lines.push(line), threads: 3 }, loaders(["tensorflow"]));
    expect(lines).toEqual([
      "Engine tensorflow-gpu cannot start: tensorflow-gpu is on holiday",
      "Engine tensorflow: the tensorflow package 1.2.3, 3 threads, a chip",
    ]);
  });

  it("says once that the one that was named cannot start: in the error", async () => {
    const lines: string[] = [];
    const named = startFirst("wasm", { log: (line) => lines.push(line) }, loaders(["tensorflow"]));
    await expect(named).rejects.toThrow("Engine wasm cannot start: wasm is on holiday");
    expect(lines).toEqual([]);
  });

  it("refuses an unknown name with the choices and the nearest of them", async () => {
    await expect(startEngine("tensorfow" as EngineName)).rejects.toMatchObject({
      code: "unknown-engine",
      data: { engine: "tensorfow", nearest: "tensorflow" },
      message:
        'Expected an engine (auto, tensorflow-gpu, tensorflow, webgpu, wasm, cpu) but received "tensorfow": did you mean tensorflow?',
    });
  });

  it.each([0, 1.5, Number.NaN])("refuses %s threads", async (threads) => {
    await expect(startEngine("wasm", { threads })).rejects.toMatchObject({
      code: "invalid-option",
      data: { option: "threads", received: threads },
    });
  });
});

it.each([
  ["startEngine", { thread: 2 }, "threads", (options: object) => startEngine("wasm", options)],
  ["describeEngines", { mesure: false }, "measure", (options: object) => describeEngines(options)],
  ["setupNativeEngine", { cachedir: "x" }, "cacheDir", (options: object) => setupNativeEngine(options)],
] as const)("%s refuses an option that there is not: %j", async (_, options, nearest, call) => {
  const [option] = Object.keys(options);
  await expect(call(options)).rejects.toMatchObject({ code: "invalid-option", data: { option, nearest } });
});

describe.each(["wasm", "cpu", "tensorflow", "webgpu"] as const)("the engine %s", async (name) => {
  const reason = await whyNot(name);
  const title = (text: string) => (reason ? `${text} (skipped: ${reason})` : text);

  it.skipIf(reason)(title("runs and computes a convolution"), async () => {
    const info = await startEngine(name);
    expect(tf.getBackend()).toBe(name);
    expect(info).toMatchObject({ name, version: expect.stringMatching(/^4\./), unavailable: [] });
    expect(info.threads).toBeGreaterThanOrEqual(1);
    const before = tf.memory().numTensors;
    const sums = tf.tidy(() => {
      const image = tf.range(0, 16).reshape([1, 4, 4, 1]) as tf.Tensor4D;
      return tf.conv2d(image, tf.ones([3, 3, 1, 1]), 1, "valid");
    });
    expect([...(await sums.data())]).toEqual([45, 54, 81, 90]);
    sums.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.skipIf(reason)(title("reads a tensor that another engine made"), async () => {
    await startEngine("cpu");
    const made = tf.tensor1d([1, 2, 3]);
    await startEngine(name);
    const doubled = made.mul(2);
    expect([...(await doubled.data())]).toEqual([2, 4, 6]);
    tf.dispose([made, doubled]);
  });

  it.skipIf(reason)(title("starts and computes in a worker thread"), async () => {
    const worker = new Worker(new URL("./fixtures/start-in-worker.mjs", import.meta.url), {
      workerData: name,
      execArgv: execArgvFor(import.meta.url),
    });
    const answer = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
    expect(answer).toEqual({ name, sums: [45, 54, 81, 90] });
  });
});

describe("engines side by side", () => {
  it("can be started again and again, in any order", async () => {
    for (const name of ["wasm", "cpu", "wasm", "wasm", "cpu"] as const) {
      await startEngine(name);
      expect(tf.getBackend()).toBe(name);
    }
  });

  it("take what starts here for auto, with a reason for each engine before it", async () => {
    const info = await startEngine("auto");
    const order = ["tensorflow-gpu", "tensorflow", "wasm"];
    expect(info.unavailable.map(({ name }) => name)).toEqual(order.slice(0, order.indexOf(info.name)));
    for (const { reason } of info.unavailable) expect(reason).not.toContain("\n");
  });
});

describe("an engine that cannot start", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("is the native GPU one where CUDA_VISIBLE_DEVICES hides every GPU", async () => {
    vi.stubEnv("CUDA_VISIBLE_DEVICES", "-1");
    await expect(startEngine("tensorflow-gpu")).rejects.toMatchObject({
      code: "engine-unavailable",
      data: { engine: "tensorflow-gpu", reason: "CUDA_VISIBLE_DEVICES=-1 hides every GPU" },
    });
  });

  it("leaves the current engine as it was", async () => {
    vi.stubEnv("CUDA_VISIBLE_DEVICES", "");
    await startEngine("wasm");
    await startEngine("tensorflow-gpu").catch((error: BackendError) => expect(error.code).toBe("engine-unavailable"));
    expect(tf.getBackend()).toBe("wasm");
  });
});
