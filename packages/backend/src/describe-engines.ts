import { ownModule } from "@seg/node";
import { ENGINE_NAMES, type Engine, type EngineName } from "./engine.ts";
import { refuseUnknown } from "./errors.ts";
import { NATIVE_PACKAGES } from "./native.ts";
import { findPackage } from "./packages.ts";
import type { ProbeResult, ProofReport } from "./probe-main.ts";
import { type ProbeLimits, runProbe } from "./run-probe.ts";

/** One row of `seg doctor`'s table: an engine that starts here, or one that does not and why. */
export type EngineReport =
  | ({
      available: true;
      /** Of a 3×3 convolution, if measured. */
      gflops?: number;
      /** The proof's result, if one was run. */
      proof?: ProofReport;
    } & Engine)
  | { available: false; name: EngineName; package: string /** If installed. */; version?: string; reason: string };

export interface DescribeOptions extends ProbeLimits {
  /** Also measure each engine's speed, under a second each and one after the other. Default true. */
  measure?: boolean;
  /** The `file:` URL of a module whose default export is an {@link EngineProof}; it runs on each engine that starts, in its process. */
  proof?: URL | undefined;
}

const DESCRIBE_OPTIONS = ["measure", "proof", "timeout", "signal"] satisfies (keyof DescribeOptions)[];

const PROBE = ownModule("./probe-main", import.meta.url);

const PACKAGES: Record<EngineName, string> = {
  ...NATIVE_PACKAGES,
  webgpu: "@tensorflow/tfjs-backend-webgpu",
  wasm: "@tensorflow/tfjs-backend-wasm",
  cpu: "@tensorflow/tfjs-backend-cpu",
};

/**
 * Tries every engine, each in a process of its own: the two native packages cannot share one, and a library that crashes is reported as a
 * reason. The calling process starts no engine.
 *
 * @returns one report per engine, in the order of `ENGINE_NAMES`.
 * @throws {BackendError} `invalid-option` for an option that there is not.
 *
 * @example
 * ```ts
 * import { describeEngines } from "@seg/backend";
 *
 * const reports = await describeEngines({ measure: false });
 * const cpu = reports.find(({ name }) => name === "cpu");
 * // One that does not start has a `reason`.
 * console.log(cpu?.available); // true
 * ```
 */
export async function describeEngines(options: DescribeOptions = {}): Promise<EngineReport[]> {
  refuseUnknown(options, DESCRIBE_OPTIONS, "the options of describeEngines");
  if (!(options.measure ?? true)) return Promise.all(ENGINE_NAMES.map((name) => describeEngine(name, options)));
  const reports: EngineReport[] = [];
  for (const name of ENGINE_NAMES) reports.push(await describeEngine(name, options));
  return reports;
}

async function describeEngine(name: EngineName, options: DescribeOptions): Promise<EngineReport> {
  const { measure = true, proof, ...limits } = options;
  const args = [name, measure ? "measure" : "", proof?.href ?? ""];
  const result = await runProbe<Exclude<ProbeResult, { reason: string }>>(PROBE, args, limits);
  if ("engine" in result) {
    const { engine: info, ...found } = result;
    const { unavailable: _, ...engine } = info;
    return { available: true, ...engine, ...found };
  }
  const version = findPackage(PACKAGES[name])?.version;
  return { available: false, name, package: PACKAGES[name], ...(version ? { version } : {}), reason: result.reason };
}
