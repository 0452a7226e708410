import { stat } from "node:fs/promises";
import { CheckpointError, readCheckpoint } from "@seg/checkpoint";
import { shorten } from "@seg/errors";
import { readTextFile } from "@seg/node";
import * as z from "zod";
import { sha256 } from "../weights/verify.ts";
import {
  COMMITTED,
  fileOf,
  isUnfinished,
  listPositions,
  nameOf,
  type Part,
  type Position,
  removeCheckpoint,
  setAside,
} from "./checkpoint-files.ts";
import type { History } from "./hooks/history.ts";

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const checksum = z.string().regex(/^[0-9a-f]{64}$/);

/** What the trainer file says in words. */
const notesSchema = z.object({
  position: z.object({ epoch: count, iteration: count }),
  updates: count,
  seeds: z.record(z.string(), z.number().int()),
  settings: z.record(z.string(), z.unknown()),
  engine: z.string(),
  checksums: z.object({ encoder: checksum, decoder: checksum, history: checksum }),
});

// JSON has no NaN.
const numbers = z.array(z.number().or(z.null().transform(() => Number.NaN)));
const historySchema = z
  .object({ train: z.object({ epoch: numbers, loss: numbers, acc: numbers }) })
  .refine(({ train }) => train.loss.length === train.epoch.length && train.acc.length === train.epoch.length);

/** A history has a few lines for each epoch. */
const LARGEST_HISTORY = 50_000_000;

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

/** A checkpoint's trainer file or another file is not what it was; its networks may be whole, and are no one's to remove. */
export interface BrokenCheckpoint {
  kind: "broken";
  reason: string;
  /** Whether the trainer file is a training's of this package. */
  own: boolean;
  /** Whether that file is sound but for its notes, which say what no training writes: somebody has edited them. */
  edited: boolean;
}

/** What lies at a position: nothing that has a trainer file, a save that was never finished, or one that was. */
export type CheckpointState =
  | { kind: "none" }
  | { kind: "unfinished"; reason: string }
  | BrokenCheckpoint
  | { kind: "whole"; checkpoint: WholeCheckpoint };

/** Finds out by the checksums in its trainer file what a checkpoint is. */
export async function readState(folder: string, position: Position): Promise<CheckpointState> {
  let own = false;
  let edited = false;
  try {
    if (await isUnfinished(folder, position)) return { kind: "unfinished", reason: "it was never finished" };
    const file = fileOf(folder, position, "trainer");
    const text = (await readCheckpoint(file)).metadata.notes;
    if (text === undefined) throw new Error(`${file} is another program's`);
    own = true;
    edited = true;
    const { checksums, ...notes } = parseJson(notesSchema, text, `the notes in ${file}`);
    // Where a checkpoint lies is told by its files' names alone.
    if (nameOf(notes.position) !== nameOf(position)) throw new Error(`${file} is that of ${nameOf(notes.position)}`);
    edited = false;
    for (const part of COMMITTED) await checkPart(fileOf(folder, position, part), checksums[part]);
    const historyFile = fileOf(folder, position, "history");
    const history = await readTextFile(historyFile, { limit: LARGEST_HISTORY });
    return { kind: "whole", checkpoint: { ...notes, history: parseJson(historySchema, history, historyFile) } };
  } catch (error) {
    if (error instanceof CheckpointError && error.code === "not-found") return { kind: "none" };
    return { kind: "broken", reason: (error as Error).message.replace(/\.$/, ""), own, edited };
  }
}

/** @throws an error that says which part of it is not as a training writes it. */
function parseJson<T>(schema: z.ZodType<T>, text: string, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${what}: no JSON`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const wrong = shorten(parsed.error.issues[0]!.path.join("."), 80);
  throw new Error(`${what}: ${wrong || "all of it"} is not as a training writes it`);
}

async function checkPart(file: string, checksum: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (!found) throw new Error(`${file} is no longer there`);
  if (!found.isFile()) throw new Error(`${file} is no regular file`);
  if ((await sha256(file)) !== checksum) throw new Error(`${file} is not what it was when it was written`);
}

/** The furthest checkpoint in a folder that is whole, and what there is beyond it that is not, the furthest first. */
export async function lastWhole(folder: string): Promise<{
  checkpoint?: WholeCheckpoint;
  beyond: { position: Position; state: Exclude<CheckpointState, { kind: "whole" }> }[];
}> {
  const beyond = [];
  for (const position of await listPositions(folder, "trainer")) {
    const state = await readState(folder, position);
    if (state.kind === "whole") return { checkpoint: state.checkpoint, beyond };
    beyond.push({ position, state });
  }
  return { beyond };
}

/**
 * Removes a checkpoint of this package that is whole or was never finished. One that is broken stays: its networks may be all that is left
 * of a training, or another program's.
 */
export async function removeOwn(folder: string, position: Position): Promise<void> {
  const { kind } = await readState(folder, position);
  if (kind === "whole" || kind === "unfinished") await removeCheckpoint(folder, position);
}

/**
 * Makes room for a checkpoint: removes an earlier one of this package at its place, and renames all else, which is never overwritten.
 *
 * @returns the new names of what was renamed.
 */
export async function makeRoom(folder: string, position: Position): Promise<string[]> {
  await removeOwn(folder, position);
  const parts = [...COMMITTED, "trainer"] satisfies Part[];
  return setAside(parts.map((part) => fileOf(folder, position, part)));
}
