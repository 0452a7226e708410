import type { SentError } from "@seg/node";
import type { GroupHandle } from "../launch/group-handle.ts";
import type { ChosenDevice } from "./device.ts";

/** What makes a replica. */
export interface StartRequest {
  type: "start";
  rank: number;
  group: GroupHandle;
  device: ChosenDevice;
  /** The address of the module. */
  module: string;
  options: unknown;
}

/** What a replica is asked for; it answers in the order of the questions. */
export type Request = StartRequest | { type: "run"; dict: unknown };

/** What a replica is told. */
export type ToReplica = (Request & { id: number }) | { type: "abort"; id: number } | { type: "dispose" };

/** What it says: `done` with the engine that was started, or a run's dict. After `failed` it says nothing more. */
export type FromReplica =
  | { type: "log"; line: string }
  | { type: "report"; id: number; value: unknown }
  | { type: "done"; id: number; value: unknown }
  | { type: "failed"; error: SentError };
