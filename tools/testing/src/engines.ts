import { type EngineName, startEngine } from "@seg/backend";
import * as tf from "@tensorflow/tfjs";
import { afterEach, beforeAll, beforeEach, describe, expect } from "vitest";

/** The engines that tests of kernels run on. */
export const ENGINES = ["cpu", "wasm", "tensorflow"] as const satisfies EngineName[];

const started = new Map<EngineName, string | undefined>();
for (const engine of ENGINES) {
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
  body: (engine: (typeof ENGINES)[number]) => void,
  engines: readonly (typeof ENGINES)[number][] = ENGINES,
): void {
  for (const engine of engines) {
    const reason = started.get(engine);
    describe.skipIf(reason !== undefined)(`${title} on ${engine}${reason ? ` (skipped: ${reason})` : ""}`, () => {
      let before = 0;
      beforeAll(async () => {
        await startEngine(engine);
      });
      beforeEach(() => {
        before = tf.memory().numTensors;
      });
      afterEach(() => {
        expect(tf.memory().numTensors, "tensors left behind").toBe(before);
      });
      body(engine);
    });
  }
}
