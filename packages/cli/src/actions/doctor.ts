import type { Engine, EngineReport } from "@seg/backend";
import type { OnnxReport } from "@seg/pipeline/model";
import { EXIT } from "../exit-code.ts";
import { table } from "../terminal/table.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";
import { version } from "../version.ts";

/** What commander makes of the flags of `seg doctor`. */
export interface DoctorFlags {
  measure: boolean;
  json?: boolean;
  quiet?: boolean;
}

/**
 * Does what `seg doctor` is asked to.
 *
 * @returns the exit code.
 */
export async function diagnose({ measure, json, quiet }: DoctorFlags, io: Io): Promise<number> {
  const terminal = new Terminal(io, { quiet });
  if (measure) terminal.note("Starting and measuring each engine…");
  const [backend, model] = await Promise.all([import("@seg/backend"), import("@seg/pipeline/model")]);
  const { AUTO_ORDER, describeEngines } = backend;
  const { AUTO_INFERENCE, describeOnnxRuntime, NETWORK_PROOF } = model;
  const signal = io.signal && { signal: io.signal };
  const onnxRuntime = await describeOnnxRuntime({ measure, ...signal });
  const others = await describeEngines({ measure, proof: NETWORK_PROOF, ...signal });
  const engines = [onnxRuntime, ...others].map(withNetworks);
  const auto = { inference: takenOf(engines, AUTO_INFERENCE), training: takenOf(engines, AUTO_ORDER) };
  const about = { seg: version, node: process.version, cache: cacheOf(io.env, backend) };
  if (json) terminal.print(JSON.stringify({ ...about, auto, engines }));
  else {
    terminal.print(
      `seg ${about.seg}, Node ${about.node}, ${about.cache ? `cache ${about.cache}` : "no home to keep a cache in"}`,
    );
    for (const line of table(HEAD, engines.map(row))) terminal.print(line);
    terminal.print(
      `--backend auto takes ${auto.inference ?? "none"} to segment and score, ${auto.training ?? "none"} to train.`,
    );
    for (const { name, reason } of engines) if (reason !== undefined) terminal.print(`${name}: ${reason}`);
  }
  return engines.some(({ available }) => available) ? EXIT.DONE : EXIT.FAILED;
}

/** Null for a user without a home: engines run without. */
function cacheOf(env: Io["env"], { cacheFolder }: typeof import("@seg/backend")): string | null {
  try {
    return cacheFolder(env);
  } catch {
    return null;
  }
}

/** An engine, whether it can run networks and their training, and if not, why. */
type Diagnosis = WithoutProof<EngineReport | OnnxReport> & { networks: boolean; training: boolean; reason?: string };

type WithoutProof<Report> = Report extends unknown ? Omit<Report, "proof"> : never;

/** The first that runs networks; null where none does. */
const takenOf = (engines: readonly Diagnosis[], order: readonly string[]): string | null =>
  order.find((name) => engines.some((engine) => engine.name === name && engine.networks)) ?? null;

function withNetworks(engine: EngineReport | OnnxReport): Diagnosis {
  if (!engine.available) return { ...engine, networks: false, training: false };
  const { proof, ...others } = engine;
  if (proof?.passed) return { ...others, networks: true, training: engine.name !== "onnxruntime" };
  return {
    ...others,
    networks: false,
    training: false,
    reason: `networks do not run: ${proof?.reason ?? "not tried"}`,
  };
}

const HEAD = ["engine", "works", "networks", "training", "package", "TensorFlow", "device", "threads", "GFLOP/s"];

function row(engine: Diagnosis): string[] {
  const version = "version" in engine && engine.version ? ` ${engine.version}` : "";
  const from = `${engine.package}${version}`;
  if (!engine.available) return [engine.name, "no", "no", "no", from, "", "", "", ""];
  const { name, device, threads, gflops, networks, training } = engine;
  const { tensorflow: library, oneDnn } = engine as Partial<Engine>;
  const by = oneDnn === undefined ? "" : oneDnn ? ", oneDNN" : ", no oneDNN";
  const tensorflow = library ? `${library}${by}` : "";
  const speed = gflops === undefined ? "" : gflops.toFixed(1);
  const yes = (does: boolean) => (does ? "yes" : "no");
  return [name, "yes", yes(networks), yes(training), from, tensorflow, device, String(threads), speed];
}
