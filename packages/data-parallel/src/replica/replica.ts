import type { EngineInfo } from "@seg/backend";
import type { Group } from "@seg/collectives";
import type { Device } from "./device.ts";

/** The context of a replica, given to its module. */
export interface ReplicaContext<Options = unknown> {
  /** The process group of all replicas, for collectives. Whoever made it disposes it, after the replica. */
  group: Group;
  /** This replica's rank, from 0. */
  rank: number;
  /** The world size: how many replicas there are. */
  size: number;
  device: Device;
  /** The engine that was started, TF.js's current one. */
  engine: EngineInfo;
  /** The options given to {@link DataParallel.launch}. */
  options: Options;
}

/** The context of a call of {@link Replica.run}. */
export interface RunContext {
  /** Aborted when the caller wants an early end. Replicas should agree in a collective where to stop, and return. */
  signal: AbortSignal;
  /** Reports a value to the caller during the run; it must be cloneable. */
  report(value: unknown): void;
}

/** A replica: one rank of a data-parallel training. */
export interface Replica<Input = unknown, Output = unknown> {
  /**
   * Runs this replica's part of a step, or of a whole training. All replicas run at the same time, so it may call collectives. It owns what it is
   * given, and gives away what it returns.
   */
  run(dict: Input, context: RunContext): Output | Promise<Output>;
  /** Frees what it holds. Other ranks may have exited, so it must not call collectives. */
  dispose?(): void | Promise<void>;
}

/** What a replica's module exports as `default`: makes the replica. It may call collectives, as all replicas are made at the same time. */
export type CreateReplica<Options = unknown, Input = unknown, Output = unknown> = (
  context: ReplicaContext<Options>,
) => Replica<Input, Output> | Promise<Replica<Input, Output>>;
