import { Writable } from "node:stream";
import type { CommandMaker } from "../src/program.ts";
import { run, runCommands } from "../src/run.ts";

/** A stream that keeps what is written to it. */
export class Sink extends Writable {
  text = "";
  isTTY = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

interface RunContext {
  env?: Record<string, string>;
  signal?: AbortSignal;
  /** Instead of all commands. */
  commands?: CommandMaker[];
}

/** Runs `seg` in this process and tells how it ended and what it said. */
export async function runSeg(argv: string[], { env = {}, signal, commands }: RunContext = {}) {
  const io = { stdout: new Sink(), stderr: new Sink(), env, ...(signal && { signal }) };
  const code = await (commands ? runCommands(commands, argv, io) : run(argv, io));
  return { code, stdout: io.stdout.text, stderr: io.stderr.text };
}
