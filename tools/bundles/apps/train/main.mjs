import { startEngine } from "@seg/backend";
import * as tf from "@tensorflow/tfjs";
import { scoresOf, train } from "./network.mjs";

const ADDRESS = "indexeddb://trained";

/** Trains, saves, and loads again, on the engine that the address names. */
async function run() {
  const { engine: choice = "auto", threads, ...options } = Object.fromEntries(new URLSearchParams(location.search));
  const engine = await startEngine(choice, { ...options, ...(threads && { threads: Number(threads) }) });
  const { model, x, losses, scores } = await train();
  await model.save(ADDRESS);
  const loaded = await tf.loadLayersModel(ADDRESS);
  await tf.io.removeModel(ADDRESS);
  return { engine, losses, scores, loadedScores: await scoresOf(loaded, x) };
}

globalThis.result = run();
