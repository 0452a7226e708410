import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { train } from "./network.mjs";

/** @type {{ losses: number[], scores: number[] } | undefined} */
let expected;

/**
 * Holds a page's training against the same on plain JavaScript, in Node.
 *
 * @param {{ losses: number[], scores: number[], loadedScores: number[] }} result
 */
export default async function check({ losses, scores, loadedScores }) {
  if (!expected) {
    // Plain JavaScript advertises tfjs-node otherwise.
    tf.env().set("PROD", true);
    await tf.setBackend("cpu");
    expected = await train();
  }
  assertClose("losses", losses, expected.losses);
  assertClose("scores", scores, expected.scores);
  assert(Number(losses.at(-1)) < Number(losses[0]), `Expected the loss to fall but it went ${losses.join(", ")}.`);
  // GPUs add in another order when the weights were uploaded: the last bits differ.
  assertClose("the loaded model's scores", loadedScores, scores, 1e-5);
}

/**
 * @param {string} what
 * @param {number[]} actual
 * @param {number[]} wanted
 * @param {number} [most] - by how much of the largest they may differ.
 */
function assertClose(what, actual, wanted, most = 1e-3) {
  assert.equal(actual.length, wanted.length, what);
  const largest = Math.max(...wanted.map(Math.abs));
  const worst = Math.max(...actual.map((value, i) => Math.abs(value - Number(wanted[i])))) / largest;
  assert(worst < most, `Expected ${what} to be near but they differ by ${worst} of the largest.`);
}
