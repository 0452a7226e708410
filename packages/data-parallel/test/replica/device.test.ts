import { availableParallelism } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { chooseDevices, type Device, environmentOf } from "../../src/replica/device.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const launcherOf = (...devices: Device[]) => chooseDevices(devices).launcher;

describe("Replicas, unless told otherwise,", () => {
  it("are threads, but processes on GPUs and where several run TensorFlow", () => {
    expect(launcherOf({ engine: "wasm" }, { engine: "wasm" })).toBe("threads");
    expect(launcherOf({ engine: "tensorflow", threads: 8 })).toBe("threads");
    expect(launcherOf({ engine: "tensorflow" }, { engine: "tensorflow" })).toBe("processes");
    expect(launcherOf({}, {})).toBe("processes");
    expect(launcherOf({ engine: "cpu" }, { gpu: 0 })).toBe("processes");
    expect(launcherOf({ engine: "tensorflow-gpu" })).toBe("processes");
  });

  it("are threads on Windows, or one alone", () => {
    const onWindows = (...devices: Device[]) => chooseDevices(devices, undefined, "win32").launcher;
    expect(onWindows({ engine: "wasm" }, { engine: "wasm" })).toBe("threads");
    expect(onWindows({ gpu: 0 })).toBe("processes");
    expect(() => onWindows({ engine: "tensorflow" }, { engine: "tensorflow" })).toThrow(
      expect.objectContaining({ code: "option", data: { option: "devices", received: 2 } }),
    );
  });

  it("are refused where a device is no object, or has an option that there is not", () => {
    const devices =
      (...given: unknown[]) =>
      () =>
        chooseDevices(given as Device[]);
    expect(devices({}, "cpu")).toThrow(
      expect.objectContaining({ code: "option", data: { option: "devices[1]", received: "cpu" } }),
    );
    expect(devices({ engin: "cpu" })).toThrow(
      expect.objectContaining({ code: "option", data: { option: "devices[0].engin", nearest: "engine" } }),
    );
  });

  it("share the processors", () => {
    vi.stubEnv("TF_NUM_INTRAOP_THREADS", undefined);
    const threads = (count: number) => chooseDevices(Array.from({ length: count }, () => ({}))).devices[0]!.threads;
    expect(threads(1)).toBe(availableParallelism());
    expect(threads(10_000)).toBe(1);
    vi.stubEnv("TF_NUM_INTRAOP_THREADS", "3");
    expect(threads(10_000)).toBe(3);
  });

  it("take the engine of their GPU", () => {
    const { devices } = chooseDevices([{ gpu: 1 }, {}]);
    expect(devices.map(({ engine }) => engine)).toEqual(["tensorflow-gpu", "auto"]);
  });
});

describe("The environment of a replica's process", () => {
  const environment = (gpu: number | undefined, env: NodeJS.ProcessEnv) =>
    environmentOf({ engine: "auto", threads: 4, ...(gpu !== undefined && { gpu }) }, env);

  it("shows it one GPU, counted among those that this process sees", () => {
    expect(environment(2, { PATH: "/bin" })).toEqual({
      PATH: "/bin",
      TF_NUM_INTRAOP_THREADS: "4",
      CUDA_VISIBLE_DEVICES: "2",
    });
    expect(environment(1, { CUDA_VISIBLE_DEVICES: "3, 5" }).CUDA_VISIBLE_DEVICES).toBe("5");
    expect(environment(0, { CUDA_VISIBLE_DEVICES: "GPU-8a3" }).CUDA_VISIBLE_DEVICES).toBe("GPU-8a3");
    expect(environment(undefined, { CUDA_VISIBLE_DEVICES: "3,5" }).CUDA_VISIBLE_DEVICES).toBe("3,5");
  });

  it("cannot show a GPU that this process does not see", () => {
    const refused = (received: number) =>
      expect.objectContaining({ code: "option", data: { option: "gpu", received } });
    expect(() => environment(2, { CUDA_VISIBLE_DEVICES: "3,5" })).toThrow(refused(2));
    expect(() => environment(2, { CUDA_VISIBLE_DEVICES: "3,5" })).toThrow(
      "Expected a GPU that this process sees but received 2: CUDA_VISIBLE_DEVICES=3,5 leaves 2.",
    );
    expect(() => environment(0, { CUDA_VISIBLE_DEVICES: "" })).toThrow(refused(0));
  });
});
