import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { readCheckpoint } from "@seg/checkpoint";
import { type Config, candidateNames, HALVES } from "@seg/segmenter/config";
import { DEMO_MODEL } from "../config/demo-model.ts";
import type { Context } from "../context.ts";
import { PipelineError } from "../errors.ts";
import { type FoundNetworks, findInFolder, networksIn, type WeightFiles } from "../weights/find.ts";
import { fileOf, furthestFirst, listPositions, nameOf, type Position, positionOf } from "./checkpoint-files.ts";
import {
  type BrokenCheckpoint,
  type CheckpointState,
  lastWhole,
  readState,
  type WholeCheckpoint,
} from "./checkpoint-state.ts";
import { readEvaluations } from "./hooks/validation-files.ts";

/** Where a training goes on from. */
export interface Start {
  position: Position;
  /** The networks' weights. */
  files: WeightFiles;
  /** All the rest; undefined where there are only weights, as the original leaves them. */
  checkpoint?: WholeCheckpoint;
}

type Told = Pick<Context, "log" | "warn">;

/**
 * Where a training begins: with `resume` at the furthest checkpoint that is whole, or at the furthest networks from elsewhere; without it,
 * or where there is none, at the end of epoch `TRAIN.start_epoch`, which is undefined for 0.
 *
 * @throws {PipelineError} `config` if the folder holds what would be overwritten or passed over; `missing` if the wanted epoch is not there.
 */
export async function findStart(
  config: Config,
  { resume, log, warn }: { resume: boolean } & Told,
): Promise<Start | undefined> {
  const { DIR, TRAIN } = config;
  if (!resume) await refuseTaken(config);
  const wanted = { epoch: TRAIN.start_epoch, iteration: 0 };
  if (resume) {
    const foreign = await networksFromElsewhere(DIR);
    const found = await findFurthest(config, foreign, warn);
    if (found) return found;
    log(`There is no checkpoint in ${DIR} to resume from.`);
    if (wanted.epoch === 0) refuseUnusable(config, foreign);
  }
  return wanted.epoch === 0 ? undefined : startAt(DIR, wanted, warn);
}

/**
 * A training without `--resume` overwrites nothing: neither another one's checkpoints nor networks from elsewhere.
 *
 * @throws {PipelineError} `config` if the folder holds such.
 */
export async function refuseTaken({ DIR, TRAIN }: Config): Promise<void> {
  await refuseOverwriting(DIR, await networksFromElsewhere(DIR), { epoch: TRAIN.start_epoch, iteration: 0 });
}

/** @throws {PipelineError} `config` if it is the folder of the model that comes along. */
export function refuseDemoFolder(folder: string): void {
  if (resolve(folder) !== resolve(DEMO_MODEL.set.DIR)) return;
  throw new PipelineError(
    "config",
    {
      expected: "a folder of your own for the training",
      received: `that of the bundled model, ${folder}`,
      hint: "set DIR to another folder; --weights-encoder and --weights-decoder begin with that model",
    },
    { data: { key: "DIR", folder } },
  );
}

/** The networks in a folder that no training of this package wrote, or whose trainer file was taken away. */
async function networksFromElsewhere(folder: string): Promise<FoundNetworks[]> {
  const own = new Set((await listPositions(folder, "trainer")).map(nameOf));
  if ((await readEvaluations(folder)).length > 0) own.add("best");
  return (await networksIn(folder)).filter(({ name }) => !own.has(name));
}

async function findFurthest(
  { DIR, TRAIN }: Config,
  foreign: readonly FoundNetworks[],
  warn: Told["warn"],
): Promise<Start | undefined> {
  const { checkpoint, beyond } = await lastWhole(DIR);
  const broken = await brokenStarts(DIR, beyond);
  // Where there is a whole checkpoint, one of this package that lost its trainer file is passed over.
  const isCandidate = (start: Start) =>
    !checkpoint || !(broken.get(start)?.own || existsSync(fileOf(DIR, start.position, "history")));
  const [furthest] = [...foreign.flatMap(asStart), ...broken.keys()]
    .filter(isCandidate)
    .sort((a, b) => furthestFirst(a.position, b.position));
  const found = checkpoint && { position: checkpoint.position, files: filesOf(DIR, checkpoint.position), checkpoint };
  const start = furthest && (!found || furthestFirst(furthest.position, found.position) < 0) ? furthest : found;
  for (const { position, state } of beyond) {
    if (state.kind === "none" || position === start?.position) continue;
    warn(`The checkpoint ${nameOf(position)} in ${DIR} is not whole and is passed over: ${state.reason}.`);
  }
  if (!start) return undefined;
  const name = nameOf(start.position);
  const { iteration } = start.position;
  if (iteration >= TRAIN.epoch_iters) {
    const received = TRAIN.epoch_iters;
    throw new PipelineError(
      "config",
      {
        expected: `more than ${iteration} iterations an epoch, where ${name} in ${DIR} is,`,
        but: `TRAIN.epoch_iters is ${received}`,
        hint: "set it as it was",
      },
      { data: { key: "TRAIN.epoch_iters", received, iteration, checkpoint: name, folder: DIR } },
    );
  }
  refuseEdited(DIR, start.position, broken.get(start));
  if (start === furthest) warnOfNewMomenta(DIR, name, warn, broken.get(start)?.reason);
  return start;
}

/** The checkpoints whose networks can be read, though the trainer file or the history is not what it was. */
async function brokenStarts(
  folder: string,
  beyond: Awaited<ReturnType<typeof lastWhole>>["beyond"],
): Promise<Map<Start, BrokenCheckpoint>> {
  const starts = new Map<Start, BrokenCheckpoint>();
  for (const { position, state } of beyond) {
    if (state.kind !== "broken") continue;
    const { encoder, decoder } = await findInFolder(folder, `${nameOf(position)}.pth`);
    if (encoder && decoder && (await canBeRead(encoder)) && (await canBeRead(decoder))) {
      starts.set({ position, files: { encoder, decoder } }, state);
    }
  }
  return starts;
}

const canBeRead = (file: string) =>
  readCheckpoint(file).then(
    (tensors) => tensors.size > 0,
    () => false,
  );

function asStart({ name, files: { encoder, decoder } }: FoundNetworks): Start[] {
  const position = positionOf(name);
  return position && encoder && decoder ? [{ position, files: { encoder, decoder } }] : [];
}

const filesOf = (folder: string, position: Position): WeightFiles => ({
  encoder: fileOf(folder, position, "encoder"),
  decoder: fileOf(folder, position, "decoder"),
});

/** @param reason - why its trainer file is of no use, if there is one. */
function warnOfNewMomenta(folder: string, name: string, warn: Told["warn"], reason?: string): void {
  const what = reason ? `is not whole (${reason}), but its networks are` : "has no trainer file";
  warn(`${name} in ${folder} ${what}: the optimizer begins anew.`);
}

/** @throws {PipelineError} `config` if a checkpoint's notes were edited: its optimizer is whole, and not to be lost by a slip. */
function refuseEdited(folder: string, position: Position, state: CheckpointState | undefined): void {
  if (state?.kind !== "broken" || !state.edited) return;
  const [file, name] = [fileOf(folder, position, "trainer"), nameOf(position)];
  throw new PipelineError(
    "config",
    {
      expected: `a checkpoint ${name} to go on from in ${folder}`,
      but: state.reason,
      hint: `delete ${file} to go on from its networks with a new optimizer, or name another epoch by TRAIN.start_epoch without --resume`,
    },
    { data: { file, folder, checkpoint: name, reason: state.reason } },
  );
}

/** What `--resume` was to go on from, but cannot: it is not passed over. What the training begins with by name is no such thing. */
function refuseUnusable({ DIR, MODEL }: Config, foreign: readonly FoundNetworks[]): void {
  const named = [MODEL.weights_encoder, MODEL.weights_decoder].filter(Boolean).map((file) => resolve(file));
  const [unusable] = foreign.filter(({ files }) => !Object.values(files).some((file) => named.includes(resolve(file))));
  if (!unusable) return;
  const { name, files } = unusable;
  const missing = HALVES.find((half) => !files[half]);
  throw holds(DIR, unusable, {
    expected: "a checkpoint to go on from",
    hint: missing
      ? `put ${candidateNames(missing, `${name}.pth`)[0]} beside it, or set DIR to another folder`
      : "rename them to encoder_epoch_N.pth and decoder_epoch_N.pth, N epochs done, or name them by --weights-encoder and --weights-decoder",
  });
}

async function refuseOverwriting(folder: string, foreign: readonly FoundNetworks[], wanted: Position): Promise<void> {
  const isLater = (position: Position) => wanted.epoch === 0 || furthestFirst(position, wanted) < 0;
  const expected = `a folder without ${wanted.epoch > 0 ? "later checkpoints" : "a training in it"}`;
  const another = "or set DIR to another folder";
  const [own] = (await listPositions(folder, "trainer")).filter(isLater);
  if (own) {
    const name = nameOf(own);
    throw new PipelineError(
      "config",
      { expected, but: `${folder} holds ${name}`, hint: `go on with it by --resume, ${another}` },
      { data: { key: "DIR", folder, checkpoint: name } },
    );
  }
  // Only names that are going to be written are in the way.
  const inTheWay = foreign.filter(({ name }) => {
    const position = positionOf(name);
    return position ? isLater(position) : name === "best" && wanted.epoch === 0;
  });
  const usable = inTheWay.flatMap(asStart).sort((a, b) => furthestFirst(a.position, b.position))[0];
  const first = usable ? inTheWay.find(({ name }) => name === nameOf(usable.position)) : inTheWay[0];
  if (!first) return;
  const hint = usable
    ? `go on from them by --resume, with new momenta, ${another}`
    : `move ${Object.keys(first.files).length > 1 ? "them" : "it"} elsewhere, ${another}`;
  throw holds(folder, first, { expected, hint });
}

function holds(
  folder: string,
  { name, files }: FoundNetworks,
  { expected, hint }: { expected: string; hint: string },
): PipelineError {
  const names = Object.values(files).map((file) => basename(file));
  return new PipelineError(
    "config",
    { expected, but: `${folder} holds ${names.join(" and ")} from elsewhere`, hint },
    { data: { key: "DIR", folder, checkpoint: name, files: names } },
  );
}

/** The end of epoch `TRAIN.start_epoch`. */
async function startAt(folder: string, wanted: Position, warn: Told["warn"]): Promise<Start> {
  const state = await readState(folder, wanted);
  if (state.kind === "whole") return { position: wanted, files: filesOf(folder, wanted), checkpoint: state.checkpoint };
  const name = nameOf(wanted);
  const files = await findInFolder(folder, `${name}.pth`);
  const missing = HALVES.find((half) => !files[half]);
  if (missing) {
    const file = fileOf(folder, wanted, missing);
    throw new PipelineError(
      "missing",
      {
        expected: `${file} to go on from (TRAIN.start_epoch ${wanted.epoch})`,
        but: "there is no such file",
        hint: "correct DIR or TRAIN.start_epoch",
      },
      { data: { key: "TRAIN.start_epoch", received: wanted.epoch, file } },
    );
  }
  refuseEdited(folder, wanted, state);
  warnOfNewMomenta(folder, name, warn, "reason" in state ? state.reason : undefined);
  return { position: wanted, files: files as WeightFiles };
}
