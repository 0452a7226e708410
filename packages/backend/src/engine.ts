import { BackendError } from "./errors.ts";

/** Every engine, in the order of this package's tables. */
export const ENGINE_NAMES = ["tensorflow-gpu", "tensorflow", "webgpu", "wasm", "cpu"] as const;

/**
 * An engine's name: TensorFlow's C library on an NVIDIA GPU or on the CPU, WebGPU through Dawn, WebAssembly, or TF.js's
 * plain JavaScript.
 */
export type EngineName = (typeof ENGINE_NAMES)[number];

/** What `auto` tries, first to last. WebGPU is chosen by name only; plain JavaScript is for tests. */
export const AUTO_ORDER = ["tensorflow-gpu", "tensorflow", "wasm"] as const satisfies EngineName[];

/** An engine that runs. */
export interface Engine {
  name: EngineName;
  /** The npm package it comes from. */
  package: string;
  /** That package's version. */
  version: string;
  /** The version of TensorFlow's C library; native engines only. */
  tensorflow?: string;
  /** Whether TensorFlow computes by oneDNN, which is faster and rounds otherwise; the native CPU engine only. */
  oneDnn?: boolean;
  /** The chip it computes on, as the system names it. */
  device: string;
  /** The threads that one operation is spread over; 1 on a GPU means the one host thread that feeds it. */
  threads: number;
}

/** Starts one engine and makes it TF.js's current one; throws a {@link BackendError} that says why it cannot. */
export type EngineLoader = (options: { threads?: number | undefined }) => Promise<Engine>;

/** The error of a loader; `reason` completes the sentence "it cannot start: …". */
export function unavailable(reason: string, cause?: unknown): BackendError {
  return new BackendError("engine-unavailable", reason, { cause });
}

/**
 * `choice` as an engine name or `auto`.
 * @throws {BackendError} `unknown-engine`, with the choices and the nearest of them.
 */
export function parseEngineChoice(choice: string): EngineName | "auto" {
  const choices: readonly string[] = ["auto", ...ENGINE_NAMES];
  if (choices.includes(choice)) return choice as EngineName | "auto";
  const nearest = choices.reduce((a, b) => (editDistance(choice, b) < editDistance(choice, a) ? b : a));
  throw new BackendError(
    "unknown-engine",
    `Expected an engine (${choices.join(", ")}) but received ${JSON.stringify(choice)}: did you mean ${nearest}?`,
  );
}

/** Levenshtein's distance: the fewest insertions, deletions and replacements that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + Number(a[i - 1] !== b[j - 1])));
    }
    row = next;
  }
  return row[b.length]!;
}
