import { nearest } from "@seg/errors";
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
export interface Engine<Name extends string = EngineName> {
  name: Name;
  /** The npm package it comes from. */
  package: string;
  /** That package's version. */
  version: string;
  /** The version of TensorFlow's C library; native engines only. */
  tensorflow?: string;
  /** Whether TensorFlow uses oneDNN, which is faster and rounds differently; the native CPU engine only. */
  oneDnn?: boolean;
  /** The chip it computes on, as the system names it. */
  device: string;
  /** The threads that one operation is spread over; 1 on a GPU means the one host thread that feeds it. */
  threads: number;
}

/** Starts one engine and makes it TF.js's current one; throws a {@link BackendError} that says why it cannot. */
export type EngineLoader<Name extends string = EngineName> = (options: {
  threads?: number | undefined;
}) => Promise<Engine<Name>>;

/** The error of a loader; `reason` completes the sentence "it cannot start: …". */
export function unavailable(reason: string, cause?: unknown): BackendError {
  return new BackendError("engine-unavailable", reason, { cause, data: { reason } });
}

/**
 * `choice` as one of the engines' names or `auto`.
 * @throws {BackendError} `unknown-engine`, with the choices and the nearest of them.
 */
export function parseEngineChoice<Name extends string>(choice: string, names: readonly Name[]): Name | "auto" {
  const choices: readonly string[] = ["auto", ...names];
  if (choices.includes(choice)) return choice as Name | "auto";
  const meant = nearest(choice, choices);
  throw new BackendError(
    "unknown-engine",
    {
      expected: `an engine (${choices.join(", ")})`,
      received: JSON.stringify(choice),
      hint: meant ? `did you mean ${meant}?` : "choose one of these",
    },
    { data: { engine: choice, nearest: meant } },
  );
}
