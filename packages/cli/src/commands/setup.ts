import { Command } from "commander";
import { type Io, Terminal } from "../terminal/terminal.ts";

/** `seg setup`: gives the native engine a current TensorFlow. */
export function setupCommand(io: Io): Command {
  return new Command("setup")
    .description("build the native engine, several times as fast as WebAssembly, on a current TensorFlow")
    .option("--gpu", "for NVIDIA GPUs (@tensorflow/tfjs-node-gpu)")
    .option("--stock", "run the package's own installer instead: TensorFlow 2.9.1, CUDA 11.2")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but the result and errors")
    .addHelpText("after", EXAMPLES)
    .action(async ({ gpu, stock, json, quiet }: Record<"gpu" | "stock" | "json" | "quiet", boolean | undefined>) => {
      const terminal = new Terminal(io, { quiet });
      const { setupNativeEngine } = await import("@seg/backend");
      const log = (line: string) => terminal.note(line);
      const result = await setupNativeEngine({ gpu, stock, log, signal: io.signal });
      const { already, tensorflow } = result;
      const where = result.gpu ? "a GPU" : "the CPU";
      terminal.print(
        json
          ? JSON.stringify(result)
          : `${result.package} ${result.version} ${already ? "was" : "is"} set up on TensorFlow ${tensorflow}; it computes on ${where}.`,
      );
    });
}

const EXAMPLES = `
It needs Python with pip, a C++ compiler and make, on Linux or macOS (Apple
silicon); --stock needs none of them where there is an addon to download,
Windows included. What it built is proven with what networks need before it is
used. Interrupted or run again, it does no harm.

Examples:
  npm install --ignore-scripts @tensorflow/tfjs-node && seg setup
  npm install --ignore-scripts @tensorflow/tfjs-node-gpu && seg setup --gpu`;
