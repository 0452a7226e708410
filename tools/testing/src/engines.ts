import { type EngineName, startEngine } from "@seg/backend";
import * as tf from "@tensorflow/tfjs";
import { afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { withoutOneDnn } from "./thorough.ts";

/** The engines that a suite runs on unless it names others. */
export const ENGINES = ["cpu", "wasm", "tensorflow"] as const satisfies EngineName[];

/** WebGPU first: what comes after a suite may want an engine that can be read at once. */
const ENGINES_AND_WEBGPU = ["webgpu", ...ENGINES] as const satisfies EngineName[];

/** An engine that suites run on. */
export type Engine = (typeof ENGINES_AND_WEBGPU)[number];

/** Those of them that this run is about: all, or the ones that SEG_TEST_ENGINES names. */
const wanted = process.env.SEG_TEST_ENGINES?.split(",");
const isWanted = (engine: EngineName) => wanted?.includes(engine) ?? true;

/** An engine's name in titles, with the setting that it was asked to run under. */
const titled = (engine: EngineName) => (engine === "tensorflow" && withoutOneDnn ? "tensorflow (oneDNN off)" : engine);

const started = new Map<EngineName, string | undefined>();
for (const engine of ENGINES_AND_WEBGPU.filter(isWanted)) {
  // Known at collection time, so that an absent engine shows up as a skipped suite with its name and reason.
  started.set(
    engine,
    await startEngine(engine).then(
      () => undefined,
      (error: Error) => error.message,
    ),
  );
}

/**
 * A suite for each engine: runs `body` with that engine active, and fails any test that leaves tensors behind.
 * An engine that cannot start here is skipped, with the reason in the suite's name.
 *
 * @param engines - Fewer, where an engine would need minutes.
 */
export function describeEngines(
  title: string,
  body: (engine: Engine) => void,
  engines: readonly Engine[] = ENGINES,
): void {
  for (const engine of engines.filter(isWanted)) {
    const reason = started.get(engine);
    describe.skipIf(reason !== undefined)(
      `${title} on ${titled(engine)}${reason ? ` (skipped: ${reason})` : ""}`,
      () => {
        let before = 0;
        beforeAll(async () => {
          await startEngine(engine);
          // WebGPU leaves small operations to plain JavaScript; tests are of its own kernels.
          if (engine === "webgpu") tf.env().set("WEBGPU_CPU_FORWARD", false);
        });
        beforeEach(() => {
          before = tf.memory().numTensors;
        });
        afterEach(() => {
          expect(tf.memory().numTensors, "tensors left behind").toBe(before);
        });
        body(engine);
      },
    );
  }
}

/** {@link describeEngines} on WebGPU too, which Node cannot read at once: tests await `data()`, and pass no group. */
export const describeEveryEngine = (title: string, body: Parameters<typeof describeEngines>[1]): void =>
  describeEngines(title, body, ENGINES_AND_WEBGPU);

/** `tf.tidy` for a body that awaits: frees what it made, also when it throws. */
export async function tidyAsync(body: () => Promise<void>): Promise<void> {
  tf.engine().startScope();
  try {
    await body();
  } finally {
    tf.engine().endScope();
  }
}
