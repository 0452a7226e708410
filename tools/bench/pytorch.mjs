import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("pytorch_networks.py", import.meta.url));

/** Options for `parseArgs` of a bench that compares with PyTorch. */
export const PYTORCH_OPTIONS = { python: { type: "string", default: process.env.SEG_BENCH_PYTHON ?? "python3" } };

/**
 * Starts PyTorch in a process of its own.
 *
 * @returns What it is (`version`, `oneDNN`, `instructions`), with `build` and `run`; or `{ missing }`, the reason why it does not start.
 */
export async function startPytorch(python) {
  const child = spawn(python, [SERVER, "--serve"], { stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (data) => {
    complaint = (complaint + data).slice(-4000);
  });
  const failed = new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", () => resolve(complaint.trim().split("\n").at(-1)));
  });
  // A process that is gone already says why above.
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    return done ? undefined : JSON.parse(value);
  };
  const ask = async (command) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const answered = await answer();
    if (!answered) throw new Error(`PyTorch ended: ${await failed}`);
    return answered;
  };

  const about = await answer();
  if (!about) return { missing: `${python}: ${await failed}` };
  return {
    ...about,
    /** Builds a network in place of the one before; gives its number of parameters and memory layout, or why it is missing. */
    build: (network, job) => ask({ build: network, ...job }),
    /** One training step, or one pass to labels; gives its seconds and the processors'. */
    run: () => ask({ run: true }),
    stop: () => child.stdin.end(),
  };
}
