import { basename } from "node:path";
import {
  loadWeights,
  loadWeightsInto,
  type NamedTensor,
  readCheckpoint,
  stateDictOf,
  writePth,
  writeSafetensors,
} from "@seg/checkpoint";
import { writeFileAtomic } from "@seg/node";
import { HALVES } from "@seg/segmenter/config";
import * as tf from "@tensorflow/tfjs";
import { PipelineError } from "../errors.ts";
import type { WeightFiles } from "../weights/find.ts";
import { sha256 } from "../weights/verify.ts";
import { COMMITTED, fileOf, markUnfinished, type Part, removeCheckpoint } from "./checkpoint-files.ts";
import { type CheckpointNotes, makeRoom, type WholeCheckpoint } from "./checkpoint-state.ts";
import type { History } from "./hooks/history.ts";
import type { Trainer } from "./trainer.ts";

/**
 * Writes a checkpoint: four files, each whole or not at all, the last of which holds the others' checksums, so that a set that was
 * not finished is known as such. Where weights are averaged, the networks' files hold the averages, which are what one wants to use, and
 * the trainer's file the weights that go on being trained.
 *
 * @param warn - told of files from elsewhere that had to make room.
 * @returns the names of the files.
 * @throws {PipelineError} `failed` if a weight is not a number; {@link FileError} `unwritable`. Earlier
 *   checkpoints are as they were.
 */
export async function saveCheckpoint(
  folder: string,
  trainer: Trainer,
  history: History,
  { position, settings, engine }: CheckpointNotes,
  warn: (line: string) => void,
): Promise<string[]> {
  const { updates, seeds } = trainer.progress;
  const path = (part: Part) => fileOf(folder, position, part);
  const { batchesTracked } = trainer;
  const states = await trainer.whileAveraged(async () => ({
    encoder: await stateOf(trainer.encoder, batchesTracked),
    decoder: await stateOf(trainer.decoder, batchesTracked),
  }));
  const trained = trainer.isAveraging ? await trainedWeights(trainer) : [];
  const momenta: NamedTensor[] = [];
  for (const [i, tensor] of (await trainer.moments()).entries()) {
    const data = (await tensor.data()) as Float32Array;
    tensor.dispose();
    momenta.push({ name: `memory.${i}`, dtype: "float32", shape: tensor.shape, data });
  }
  for (const file of await makeRoom(folder, position)) warn(`What was there from elsewhere is now ${file}.`);
  try {
    await markUnfinished(folder, position);
    for (const half of HALVES) await writePth(path(half), states[half]);
    await writeFileAtomic(path("history"), `${JSON.stringify(history)}\n`, { makeFolder: false });
    const checksums: Record<string, string> = {};
    for (const part of COMMITTED) checksums[part] = await sha256(path(part));
    const notes = { position, updates, seeds, checksums, settings, engine };
    await writeSafetensors(path("trainer"), [...momenta, ...trained], { metadata: { notes: JSON.stringify(notes) } });
  } catch (error) {
    await removeCheckpoint(folder, position).catch(() => {});
    throw error;
  }
  return [...COMMITTED, "trainer" as const].map((part) => basename(path(part)));
}

/** The weights themselves where the networks' files hold averages: `encoder.conv1.weight`. */
async function trainedWeights(trainer: Trainer): Promise<NamedTensor[]> {
  const tensors: NamedTensor[] = [];
  for (const half of HALVES) {
    for (const tensor of (await stateDictOf(trainer[half])).values()) {
      tensors.push({ ...tensor, name: `${half}.${tensor.name}` });
    }
  }
  return tensors;
}

async function stateOf(model: tf.LayersModel, numBatchesTracked: number): Promise<Map<string, NamedTensor>> {
  const state = await stateDictOf(model, { numBatchesTracked });
  for (const { name, data } of state.values()) {
    if (data instanceof Float32Array && !data.every(Number.isFinite)) {
      throw new PipelineError(
        "failed",
        {
          expected: "finite weights",
          but: `${name} of the ${model.name} has others`,
          hint: "lower the learning rates and go on from the last checkpoint with --resume",
        },
        { data: { tensor: name, model: model.name } },
      );
    }
  }
  return state;
}

/** Loads a checkpoint's weights into models. */
export async function loadHalves(
  files: WeightFiles,
  models: Record<"encoder" | "decoder", tf.LayersModel>,
): Promise<void> {
  for (const half of HALVES) await loadWeightsInto(models[half], files[half], { finite: true });
}

/**
 * Loads a checkpoint's optimizer state and random states into a trainer that has its networks; and, where those are averages, the weights
 * to go on with.
 */
export async function restoreTrainer(
  folder: string,
  trainer: Trainer,
  { position, updates, seeds }: WholeCheckpoint,
): Promise<void> {
  const file = fileOf(folder, position, "trainer");
  const all = Array.from((await readCheckpoint(file)).values());
  const memory = all
    .filter(({ name }) => name.startsWith("memory."))
    .sort((a, b) => Number(a.name.slice(7)) - Number(b.name.slice(7)));
  for (const half of HALVES) {
    const own = all.filter(({ name }) => name.startsWith(`${half}.`));
    const state = own.map((tensor) => [tensor.name.slice(half.length + 1), tensor] as const);
    if (own.length > 0) loadWeights(trainer[half], new Map(state));
  }
  const tensors = memory.map(({ data }) => tf.tensor1d(data as Float32Array));
  try {
    await trainer.restore(tensors, { updates, seeds });
  } catch (error) {
    throw new PipelineError(
      "config",
      `The checkpoint's optimizer is not the configuration's: set TRAIN.optim as it was. ${(error as Error).message}`,
      { data: { key: "TRAIN.optim", file }, cause: error },
    );
  } finally {
    tf.dispose(tensors);
  }
}
