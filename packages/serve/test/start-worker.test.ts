import { describe, expect, it } from "vitest";
import { workersFor } from "../src/start-worker.ts";

describe("workersFor", () => {
  it.each([
    [undefined, undefined, 1, { workers: 1, threads: 1 }],
    [undefined, undefined, 2, { workers: 2, threads: 1 }],
    [undefined, undefined, 8, { workers: 8, threads: 1 }],
    [undefined, undefined, 12, { workers: 6, threads: 2 }],
    [undefined, undefined, 64, { workers: 8, threads: 8 }],
    [1, undefined, 2, { workers: 1, threads: 2 }],
    [4, undefined, 2, { workers: 4, threads: 1 }],
    [undefined, [0, 1, 5], 12, { workers: 3, threads: 4 }],
  ])("shares processors: %s wanted, GPUs %j, %i processors", (wanted, gpus, processors, shared) => {
    expect(workersFor(wanted, gpus, processors)).toEqual(shared);
  });
});
