import type { EngineInfo } from "@seg/backend";
import type { Group } from "@seg/collectives";
import type { Device } from "./device.ts";

/** What a replica's module is given to begin with. */
export interface ReplicaContext<Options = unknown> {
  /** All replicas, for collectives. It is disposed of by whoever made it, after the replica. */
  group: Group;
  /** This replica's place, from 0. */
  rank: number;
  /** How many replicas there are. */
  size: number;
  device: Device;
  /** The engine that was started, TF.js's current one. */
  engine: EngineInfo;
  /** As they were given to {@link DataParallel.launch}. */
  options: Options;
}

/** What a call of {@link Replica.run} can use. */
export interface RunContext {
  /** Aborted when the caller wants an early end. Replicas should agree in a collective where to stop, and return. */
  signal: AbortSignal;
  /** Tells the caller something on the way; it must be cloneable. */
  report(value: unknown): void;
}

/** What one replica does. */
export interface Replica<Input = unknown, Output = unknown> {
  /**
   * Does this replica's part of a step, or of a whole training. The others are called at the same time, so collectives find their
   * partners. It owns what it is given, and gives away what it returns.
   */
  run(dict: Input, context: RunContext): Output | Promise<Output>;
  /** Frees what it holds. Others may be gone, so it must not call collectives. */
  dispose?(): void | Promise<void>;
}

/** What a replica's module exports as `default`: makes the replica. It may call collectives, as the others are made at the same time. */
export type CreateReplica<Options = unknown, Input = unknown, Output = unknown> = (
  context: ReplicaContext<Options>,
) => Replica<Input, Output> | Promise<Replica<Input, Output>>;
