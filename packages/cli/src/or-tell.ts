import { withLimit } from "@seg/node/limits";

/**
 * What `load` gives; where the program's own modules cannot be loaded, as without enough open files, the program ends with one line about it.
 * Imports next to nothing itself.
 */
export async function orTell<Modules>(load: () => Promise<Modules>): Promise<Modules> {
  try {
    return await load();
  } catch (error) {
    const [line = ""] = String(error instanceof Error ? error.message : error).split("\n");
    process.stderr.write(`error: the program cannot be loaded: ${withLimit(line, error)}\n`);
    if (process.env.SEG_DEBUG === "1" && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return process.exit(1);
  }
}
