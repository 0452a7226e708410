import { single } from "@seg/collectives";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import type { Run } from "../../src/train/loop.ts";
import { trainStep } from "../../src/train/step.ts";

/** A step over batches of these labels, on which a network without labels would score 0. */
async function step(batches: readonly (readonly number[])[], scores: readonly { loss: number; accuracy: number }[]) {
  const { config } = loadConfig({ set: [`TRAIN.accumulate=${batches.length}`] });
  let next = 0;
  let added = 0;
  const run = {
    ...{ config, group: single },
    loader: { next: async () => ({ labels: Int32Array.from(batches[next++]!), files: [] }) },
    trainer: {
      weightOf: ({ labels }: { labels: Int32Array }) => labels.filter((label) => label >= 0).length,
      add: async () => scores[added++],
      update: () => {},
    },
  };
  return trainStep(run as unknown as Run, { epoch: 0, iteration: 0 }, { encoder: 0, decoder: 0 });
}

it("scores a step by those of its batches that have labels", async () => {
  const scores = [
    { loss: 2, accuracy: 0.5 },
    { loss: 0, accuracy: 0 },
    { loss: 4, accuracy: 0.75 },
  ];
  const mean = await step(
    [
      [0, 1],
      [-1, -1],
      [1, -1],
    ],
    scores,
  );
  expect(mean.labelled).toBe(true);
  expect(mean.loss).toBeCloseTo(3, 12);
  expect(mean.accuracy).toBeCloseTo(0.625, 12);
});

it("says that a step without any label says nothing", async () => {
  const scores = { loss: 0, accuracy: 0 };
  expect(await step([[-1], [-1, -1]], [scores, scores])).toMatchObject({ labelled: false, ...scores });
});

it("takes plain means where all batches have labels", async () => {
  const scores = [
    { loss: 1.5, accuracy: 0.5 },
    { loss: 2.5, accuracy: 1 },
  ];
  expect(await step([[0], [1]], scores)).toMatchObject({ labelled: true, loss: 2, accuracy: 0.75 });
});
