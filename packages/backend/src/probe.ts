// Run in a process of its own by describe.ts: starts the engine named in its arguments and sends back a ProbeResult.
import { type EngineName, parseEngineChoice } from "./engine.ts";
import { firstLine } from "./errors.ts";
import { measureConvolution } from "./measure.ts";
import { type EngineInfo, startEngine } from "./start.ts";

/** What a probe sends: the engine and its speed in GFLOP/s, if asked for, or why there is none. */
export type ProbeResult = { engine: EngineInfo; gflops?: number } | { reason: string };

const [name, measure] = process.argv.slice(2) as [EngineName, string];

async function probe(): Promise<ProbeResult> {
  try {
    const engine = await startEngine(parseEngineChoice(name));
    return measure === "measure" ? { engine, gflops: await measureConvolution() } : { engine };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { reason: firstLine(cause) };
  }
}

// Leaving at once: whatever an engine keeps running in the background must not hold the report up.
process.send!(await probe(), () => process.exit());
