import type { Waiting } from "@seg/collectives";
import type { SerializedError } from "@seg/node";
import type { GroupHandle } from "../launch/group-handle.ts";
import type { ChosenDevice } from "./device.ts";

/** Starts a replica. */
export interface StartRequest {
  type: "start";
  rank: number;
  group: GroupHandle;
  device: ChosenDevice;
  /** The module's URL. */
  module: string;
  options: unknown;
}

/** A request to a replica, which responds in the order of the requests. */
export type Request = StartRequest | { type: "run"; dict: unknown };

/** A message to a replica. */
export type ToReplica = (Request & { id: number }) | { type: "abort"; id: number } | { type: "dispose" };

/** A message from a replica: `done` carries the engine that was started, or a run's result. After `failed` there are no more. */
export type FromReplica =
  | { type: "log"; line: string }
  | { type: "report"; id: number; value: unknown }
  | { type: "done"; id: number; value: unknown }
  | { type: "waiting"; waiting: Waiting }
  | { type: "failed"; error: SerializedError };
