import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import {
  CheckpointError,
  loadWeights,
  loadWeightsInto,
  type NamedTensor,
  readCheckpoint,
  stateDictOf,
  writePth,
  writeSafetensors,
} from "@seg/checkpoint";
import { writeFileAtomic } from "@seg/node";
import * as tf from "@tensorflow/tfjs";
import { PipelineError } from "../errors.ts";
import { HALVES, type WeightFiles } from "../weights/find.ts";
import { sha256 } from "../weights/verify.ts";
import {
  fileOf,
  listPositions,
  makeRoom,
  markUnfinished,
  nameOf,
  type Part,
  type Position,
  removeCheckpoint,
  setAside,
} from "./checkpoint-files.ts";
import type { History } from "./hooks/history.ts";
import type { Trainer } from "./trainer.ts";

/** What a checkpoint says besides its tensors. */
export interface CheckpointNotes {
  position: Position;
  /** The settings that its course depended on. */
  settings: Record<string, unknown>;
  /** The engine, with its threads: another one rounds otherwise. */
  engine: string;
}

/** A complete checkpoint: what its files say besides their tensors. */
export interface WholeCheckpoint extends CheckpointNotes {
  history: History;
  updates: number;
  seeds: Record<string, number>;
}

const COMMITTED = ["encoder", "decoder", "history"] as const satisfies Part[];

/**
 * Writes a checkpoint: four files, each whole or not at all, the last of which holds the others' checksums, so that a set that was
 * not finished is known as such. Where weights are averaged, the networks' files hold the averages, which are what one wants to use, and
 * the trainer's file the weights that go on being trained.
 *
 * @param warn - told of networks from elsewhere that had to make room.
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
  const aside = [...(await setAside(await replacedFiles(folder, position))), ...(await makeRoom(folder, position))];
  for (const file of aside) warn(`What was there from elsewhere is now ${file}.`);
  try {
    await markUnfinished(folder, position);
    for (const half of HALVES) await writePth(path(half), states[half]);
    await writeFileAtomic(path("history"), `${JSON.stringify(history)}\n`);
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

/**
 * The furthest checkpoint in a folder that is whole: all four files are there and are what they were when they were written.
 *
 * @param warn - told of those that are not.
 */
export async function lastWhole(folder: string, warn: (line: string) => void): Promise<WholeCheckpoint | undefined> {
  for (const position of await listPositions(folder, "trainer")) {
    const found = await readWhole(folder, position, warn);
    if (found) return found;
  }
  return undefined;
}

/** Networks of a finished checkpoint that are not what it wrote: another program's, in their place. */
async function replacedFiles(folder: string, position: Position): Promise<string[]> {
  const replaced: string[] = [];
  try {
    const { checksums } = JSON.parse((await readCheckpoint(fileOf(folder, position, "trainer"))).metadata.notes!);
    for (const half of HALVES) {
      const file = fileOf(folder, position, half);
      if (existsSync(file) && (await sha256(file)) !== checksums[half]) replaced.push(file);
    }
  } catch {
    // It was never finished.
  }
  return replaced;
}

/** The checkpoint at a position if it is whole. */
export async function readWhole(
  folder: string,
  position: Position,
  warn: (line: string) => void,
): Promise<WholeCheckpoint | undefined> {
  try {
    const trainer = await readCheckpoint(fileOf(folder, position, "trainer"));
    const { checksums, ...notes } = JSON.parse(trainer.metadata.notes!);
    for (const part of COMMITTED) {
      const file = fileOf(folder, position, part);
      if ((await sha256(file)) !== checksums[part]) throw new Error(`${file} is not what it was when it was written`);
    }
    const history = JSON.parse(await readFile(fileOf(folder, position, "history"), "utf8"));
    return { ...notes, history };
  } catch (error) {
    if (error instanceof CheckpointError && error.code === "not-found") return undefined;
    warn(
      `The checkpoint ${nameOf(position)} in ${folder} is not whole and is passed over: ${(error as Error).message}`,
    );
    return undefined;
  }
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
