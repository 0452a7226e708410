import { afterEach, describe, expect, it, vi } from "vitest";
import { whyNoGpu } from "../src/native.ts";
import { polyfillUtil } from "../src/util-polyfill.ts";

describe("what tfjs-node still asks of node:util", () => {
  type Util = Record<"isArray" | "isNullOrUndefined", (value: unknown) => boolean>;
  const values = [[], null, undefined, 0, "", {}];

  it("is there where Node has dropped it, and says what it said", () => {
    const newer = {} as Util;
    polyfillUtil(newer);
    expect(values.map(newer.isArray)).toEqual([true, false, false, false, false, false]);
    expect(values.map(newer.isNullOrUndefined)).toEqual([false, true, true, false, false, false]);
  });

  it("takes the place of what warns, and nothing else does", () => {
    const warn = () => {
      throw new Error("DeprecationWarning");
    };
    const older = { isArray: warn, isNullOrUndefined: warn, isDate: warn };
    polyfillUtil(older);
    expect((older as unknown as Util).isArray([])).toBe(true);
    expect(older.isDate).toBe(warn);
  });
});

describe("an NVIDIA GPU", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("is looked for on Windows, and not on macOS, which has no driver for it", () => {
    vi.stubEnv("CUDA_VISIBLE_DEVICES", undefined);
    expect(whyNoGpu("win32")).toBeUndefined();
    expect(whyNoGpu("darwin")).toBe("no NVIDIA GPU here: macOS has no driver for one, use webgpu");
  });
});
