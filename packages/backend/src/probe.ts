// Run in a process of its own by describe.ts: starts the engine named in its arguments and sends back a ProbeResult.
import { type EngineName, parseEngineChoice } from "./engine.ts";
import { firstLine } from "./errors.ts";
import { measureConvolution } from "./measure.ts";
import { type EngineInfo, type EngineProof, startEngine } from "./start.ts";

/** What a probe sends: the engine, its speed in GFLOP/s and what the proof says of it, if asked for; or why there is none. */
export type ProbeResult = { engine: EngineInfo; gflops?: number; proof?: ProofReport } | { reason: string };

/** Whether an engine passed a proof, or why not. */
export type ProofReport = { passed: true } | { passed: false; reason: string };

const [name, measure, proof] = process.argv.slice(2) as [EngineName, string, string];

async function probe(): Promise<ProbeResult> {
  try {
    const engine = await startEngine(parseEngineChoice(name));
    const proven = proof === "" ? {} : { proof: await prove(engine) };
    return { engine, ...proven, ...(measure === "measure" && { gflops: await measureConvolution() }) };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { reason: firstLine(cause) };
  }
}

async function prove(engine: EngineInfo): Promise<ProofReport> {
  try {
    const module: { default: EngineProof } = await import(proof);
    await module.default(engine);
    return { passed: true };
  } catch (error) {
    return { passed: false, reason: firstLine(error) };
  }
}

// Leaving at once: whatever an engine keeps running in the background must not hold the report up.
process.send!(await probe(), () => process.exit());
