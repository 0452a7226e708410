import { Writable } from "node:stream";
import { run } from "../src/run.ts";

/** A stream that keeps what is written to it. */
export class Sink extends Writable {
  text = "";
  isTTY = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Runs `seg` in this process and tells how it ended and what it said. */
export async function runSeg(
  argv: string[],
  { env = {}, signal }: { env?: Record<string, string>; signal?: AbortSignal } = {},
) {
  const stdout = new Sink();
  const stderr = new Sink();
  const code = await run(argv, { stdout, stderr, env, signal });
  return { code, stdout: stdout.text, stderr: stderr.text };
}
