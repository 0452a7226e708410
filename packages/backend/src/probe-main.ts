// The entry point of a process of describe-engines.ts: starts the engine named in its arguments and sends back a ProbeResult.
import { ENGINE_NAMES, type EngineName, parseEngineChoice } from "./engine.ts";
import { firstLine } from "./errors.ts";
import { measureConvolution } from "./measure-convolution.ts";
import { startEngine } from "./start-engine.ts";
import type { EngineInfo, EngineProof } from "./start-first.ts";

/** The result of a probe: the engine, its speed in GFLOP/s and the proof's result, if requested; or why it does not start. */
export type ProbeResult = { engine: EngineInfo; gflops?: number; proof?: ProofReport } | { reason: string };

/** Whether an engine passed a proof, or why not. */
export type ProofReport = { passed: true } | { passed: false; reason: string };

const [name, measure, proof] = process.argv.slice(2) as [EngineName, string, string];

async function probe(): Promise<ProbeResult> {
  try {
    const engine = await startEngine(parseEngineChoice(name, ENGINE_NAMES));
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

// Exits at once: an engine's background threads must not keep the process alive.
process.send!(await probe(), () => process.exit());
