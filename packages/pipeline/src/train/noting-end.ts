import { rm } from "node:fs/promises";
import { join } from "node:path";
import { printable } from "@seg/errors";
import { writeFileAtomic } from "@seg/node";
import { PipelineError } from "../errors.ts";
import { nameOf } from "./checkpoint-files.ts";
import { lastWhole } from "./checkpoint-state.ts";
import { OwnFolder } from "./own-folder.ts";

/** Says in a training's folder why it ended early: terminals and pipes that are gone take what was printed along. */
const NOTE = "stopped.txt";

/** Trains, and leaves a note in the folder if that ends early; one of an earlier time goes when it begins. */
export async function notingEnd<T>(folder: string, train: () => Promise<T>): Promise<T> {
  const file = join(folder, NOTE);
  await rm(file, { force: true }).catch(() => {});
  const own = await OwnFolder.of(folder);
  try {
    return await train();
  } catch (error) {
    const reason = printable(error instanceof Error ? error.message : String(error));
    // On a disk that takes nothing more it is told all the same, where it is not written.
    if (!isRefusal(error) && (await own.isThere())) await note(file, folder, reason.replace(/\.$/, "")).catch(() => {});
    throw error;
  }
}

/** Of what was asked for, before anything was trained: nothing has ended. */
const isRefusal = (error: unknown) =>
  error instanceof PipelineError && ["option", "config", "missing"].includes(error.code);

async function note(file: string, folder: string, reason: string): Promise<void> {
  const { checkpoint } = await lastWhole(folder);
  const next = checkpoint
    ? `By --resume it goes on from its last checkpoint, ${nameOf(checkpoint.position)}.`
    : "It left no checkpoint: --resume begins where it began.";
  const line = `${new Date().toISOString()} The training ended early: ${reason}. ${next}\n`;
  await writeFileAtomic(file, line, { makeFolder: false });
}
