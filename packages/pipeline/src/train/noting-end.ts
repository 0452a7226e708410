import { rm } from "node:fs/promises";
import { join } from "node:path";
import { printable } from "@seg/errors";
import { writeFileAtomic } from "@seg/node";

/** Says in a training's folder why it ended early: terminals and pipes that are gone take what was printed along. */
const NOTE = "stopped.txt";

/** Trains, and leaves a note in the folder if that ends early; one of an earlier time goes when it begins. */
export async function notingEnd<T>(folder: string, train: () => Promise<T>): Promise<T> {
  const file = join(folder, NOTE);
  await rm(file, { force: true }).catch(() => {});
  try {
    return await train();
  } catch (error) {
    const reason = printable(error instanceof Error ? error.message : String(error));
    const line = `${new Date().toISOString()} The training ended early: ${reason.replace(/\.$/, "")}. It goes on from its last checkpoint by --resume.\n`;
    // On a disk that takes nothing more it is told all the same, where it is not written.
    await writeFileAtomic(file, line, { makeFolder: false }).catch(() => {});
    throw error;
  }
}
