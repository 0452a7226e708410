import type { FromReplica, ToReplica } from "../replica/messages.ts";

/** The thread or process that a replica runs in, seen from the launching process. */
export interface ReplicaWorker {
  /** @throws if the message cannot be cloned. */
  send(message: ToReplica, transfer?: ArrayBuffer[]): void;
  /** Whether it keeps this process alive (`ref`), or not (`unref`). */
  setRef(on: boolean): void;
  /** Has a process that was stopped, as by SIGSTOP, go on. */
  wake(): void;
  /** Terminates it at once, or after a native operation that is running. Resolves when it has exited. */
  terminate(): Promise<void>;
  /** Resolves when it has exited. */
  readonly exited: Promise<void>;
}

/** Callbacks of a {@link ReplicaWorker}. */
export interface WorkerListener {
  onMessage(message: FromReplica): void;
  /** Called once; `reason` completes the sentence "it …". */
  onExit(reason: string, cause?: unknown): void;
}
