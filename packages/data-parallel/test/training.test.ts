import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import { startEngine } from "@seg/backend";
import { execArgvFor } from "@seg/node";
import type { BatchNormalization } from "@seg/sync-bn";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataParallel } from "../src/index.ts";
import {
  type Batch,
  concatBatches,
  createBatch,
  createNetwork,
  gradientsOf,
  imagesOf,
  LEARNING_RATE,
  MOMENTUM,
  meanLoss,
  meanLossOf,
  validPixels,
} from "./fixtures/network.ts";
import type { Training } from "./fixtures/trains.ts";
import { LAUNCHERS } from "./launch/launchers.ts";

const RANK = new URL("fixtures/mpi-rank.ts", import.meta.url);
// Both on one processor if need be, and as root, as in containers.
const MPIRUN = ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "2"];
const noMpirun = spawnSync("mpirun", ["--version"], { encoding: "utf8" }).stdout?.includes("Open MPI")
  ? undefined
  : "no mpirun of Open MPI";

type Loss = (model: tf.Sequential, parts: Batch[]) => tf.Scalar;

/** Trains in this thread with what TF.js itself has, on the gradient of `loss`. */
function trainAlone(steps: Batch[][], loss: Loss, norm = false): Float32Array[] {
  const { model, variables } = createNetwork(1, { norm });
  const optimizer = tf.train.momentum(LEARNING_RATE, MOMENTUM);
  for (const parts of steps) {
    const gradients = gradientsOf(variables, () => loss(model, parts));
    optimizer.applyGradients(variables.map(({ name }, i) => ({ name, tensor: gradients[i]! })));
    tf.dispose(gradients);
  }
  const weights = variables.map((variable) => variable.dataSync().slice() as Float32Array);
  optimizer.dispose();
  model.dispose();
  return weights;
}

/** The mean over all labelled pixels of all parts, from each part's own mean. */
const overPixels = (means: tf.Scalar[], parts: Batch[]): tf.Scalar =>
  tf
    .addN(means.map((mean, i) => mean.mul(validPixels(parts[i]!))))
    .div(parts.reduce((sum, part) => sum + validPixels(part), 0));

/** The mean of the parts' means. */
const overParts = (means: tf.Scalar[]): tf.Scalar => tf.addN(means).div(means.length);

/** Each part's mean loss; the batch norm takes the statistics of all parts together, by TF.js's own operations. */
function lossesTogether(model: tf.Sequential, parts: Batch[]): tf.Scalar[] {
  const [first, norm, , second] = model.layers as [
    tf.layers.Layer,
    BatchNormalization,
    tf.layers.Layer,
    tf.layers.Layer,
  ];
  const features = parts.map((part) => first.apply(imagesOf(part)) as tf.Tensor);
  const pixels = tf.concat(features.map((tensor) => tensor.reshape<tf.Tensor2D>([-1, 4])));
  const { mean, variance } = tf.moments(pixels, 0);
  const normal = pixels.sub(mean).div(variance.add(norm.epsilon).sqrt());
  const active = normal.mul(norm.gamma!.read()).add(norm.beta!.read()).tanh();
  return tf
    .split(
      active,
      features.map((tensor) => tensor.size / 4),
    )
    .map((part, i) => meanLossOf(second.apply(part.reshape(features[i]!.shape)) as tf.Tensor, parts[i]!));
}

/** The largest difference, relative to the largest weight. */
function difference(a: Float32Array[], b: Float32Array[]): number {
  const [left, right] = [a, b].map((arrays) => arrays.flatMap((array) => [...array])) as [number[], number[]];
  expect(left.length).toBe(right.length);
  return Math.max(...left.map((value, i) => Math.abs(value - right[i]!))) / Math.max(...right.map(Math.abs));
}

/** Five steps with a batch for each of two replicas. */
const steps = (make: (step: number) => Batch[]) => Array.from({ length: 5 }, (_, step) => make(step));
const ALIKE = steps((i) => [createBatch(2 * i, [2, 5, 6], 1), createBatch(2 * i + 1, [2, 5, 6], 1)]);
const UNLIKE = steps((i) => [createBatch(2 * i, [1, 4, 7], 0.3), createBatch(2 * i + 1, [3, 5, 3], 0.9)]);

/** Trains on two replicas: from what each is given, all of it, to what each gives. */
interface Trained {
  weights: Float32Array[];
  left: number;
}
type Train = (dicts: Training[]) => Promise<Trained[]>;

/** What must be true of two replicas, however they were launched. */
function describeTraining(
  title: string,
  absent: string | undefined,
  start: () => Promise<{ train: Train; stop(): unknown }>,
) {
  describe.skipIf(absent)(absent ? `${title} (skipped: ${absent})` : title, () => {
    let replicas: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => {
      await startEngine("cpu");
      replicas = await start();
    });
    afterAll(() => replicas.stop());

    async function train(weigh: Training["weigh"], batches: Batch[][], norm = false): Promise<Float32Array[]> {
      const own = [0, 1].map((rank) => ({ weigh, norm, batches: batches.map((parts) => parts[rank]!) }));
      const [first, second] = await replicas.train(own);
      expect(second).toEqual(first);
      expect(first!.left, "tensors left behind").toBe(0);
      return first!.weights;
    }

    it("to the weights of one replica with all the images", async () => {
      const expected = trainAlone(ALIKE, (model, parts) => meanLoss(model, concatBatches(parts)));
      const before = trainAlone([], () => tf.scalar(0));
      expect(difference(before, expected)).toBeGreaterThan(0.1);
      for (const weigh of ["replicas", "pixels", "shares"] as const)
        expect(difference(await train(weigh, ALIKE), expected)).toBeLessThan(1e-4);
    });

    it("on images of different sizes, each replica or each pixel counting alike", async () => {
      const losses = (model: tf.Sequential, parts: Batch[]) => parts.map((part) => meanLoss(model, part));
      const pixels = trainAlone(UNLIKE, (model, parts) => overPixels(losses(model, parts), parts));
      const replicas = trainAlone(UNLIKE, (model, parts) => overParts(losses(model, parts)));
      expect(difference(pixels, replicas)).toBeGreaterThan(1e-2);
      expect(difference(await train("pixels", UNLIKE), pixels)).toBeLessThan(1e-4);
      expect(difference(await train("shares", UNLIKE), pixels)).toBeLessThan(1e-4);
      expect(difference(await train("replicas", UNLIKE), replicas)).toBeLessThan(1e-4);
    });

    it("with a batch norm over all of them, as one replica does whose losses are weighed", async () => {
      const pixels = trainAlone(UNLIKE, (model, parts) => overPixels(lossesTogether(model, parts), parts), true);
      const replicas = trainAlone(UNLIKE, (model, parts) => overParts(lossesTogether(model, parts)), true);
      expect(difference(pixels, replicas)).toBeGreaterThan(1e-2);
      expect(difference(await train("shares", UNLIKE, true), pixels)).toBeLessThan(1e-4);
      expect(difference(await train("replicas", UNLIKE, true), replicas)).toBeLessThan(1e-4);
      // Weighing gradients is too late: each holds the others' losses already.
      expect(difference(await train("pixels", UNLIKE, true), pixels)).toBeGreaterThan(1e-3);
    });
  });
}

for (const { launcher, absent } of LAUNCHERS) {
  describeTraining(`Two replicas as ${launcher} train`, absent, async () => {
    const parallel = await DataParallel.launch<Training, Trained>({
      devices: [{ engine: "cpu" }, { engine: "cpu" }],
      module: new URL("fixtures/trains.ts", import.meta.url),
      launcher,
    });
    return { train: (dicts) => parallel.run(dicts), stop: () => parallel.dispose() };
  });
}

describeTraining("Two ranks under mpirun train", noMpirun, async () => {
  const folder = mkdtempSync(join(tmpdir(), "ranks-"));
  const program = [process.execPath, ...execArgvFor(RANK), fileURLToPath(RANK), folder];
  let ended: string | undefined;
  const child = execFile("mpirun", [...MPIRUN, ...program], (error, _, stderr) => {
    ended = `${error ?? "mpirun ended"} ${stderr}`;
  });
  let asked = 0;
  const ask = (dicts: Training[]) => {
    const file = join(folder, `dicts-${asked++}`);
    writeFileSync(`${file}.draft`, serialize(dicts));
    renameSync(`${file}.draft`, file);
  };
  return {
    async train(dicts) {
      const answers = [0, 1].map((rank) => join(folder, `answer-${asked}-${rank}`));
      ask(dicts);
      while (!answers.every((file) => existsSync(file))) {
        if (ended) throw new Error(ended);
        await sleep(20);
      }
      return answers.map((file) => deserialize(readFileSync(file)) as Trained);
    },
    async stop() {
      ask([]);
      if (!ended) await once(child, "close");
      rmSync(folder, { recursive: true });
    },
  };
});
