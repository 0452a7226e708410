import assert from "node:assert/strict";
import { dirname } from "node:path";
import { createSegmenter, DEMO_MODEL, DEMO_PHOTO } from "@seg/pipeline";

/** What the page fetches. */
export const mounts = { "/demo/": dirname(DEMO_PHOTO) };

/** What its worker runs. */
export const worker = "@seg/web/worker";

/** @type {Promise<import("@seg/pipeline").Segmentation> | undefined} */
let expected;

/**
 * Holds a page's labels against those of `seg test` on the same engine.
 *
 * @param {{ engine: string, labels: string, width: number, height: number }} result
 */
export default async function check({ engine, labels, width, height }) {
  expected ??= segmentInNode();
  const wanted = await expected;
  assert.equal(engine, "wasm");
  assert.deepEqual([width, height], [wanted.width, wanted.height]);
  if (labels === wanted.labels.join()) return;
  const given = labels.split(",").map(Number);
  const count = wanted.labels.reduce((sum, label, pixel) => sum + Number(given[pixel] !== label), 0);
  assert.fail(`Expected the labels of seg test but ${count} of ${given.length} differ.`);
}

async function segmentInNode() {
  const segmenter = await createSegmenter({ ...DEMO_MODEL, backend: "wasm" });
  try {
    return await segmenter.segment(DEMO_PHOTO);
  } finally {
    segmenter.dispose();
  }
}
