import type { FromReplica, ToReplica } from "../replica/messages.ts";

/** The thread or process of one replica, seen from outside. While nobody holds it, it does not keep this process alive. */
export interface Place {
  /** @throws if the message cannot be cloned. */
  send(message: ToReplica, moved?: ArrayBuffer[]): void;
  /** Keeps this process alive, or no longer. */
  hold(on: boolean): void;
  /** Ends it at once, unless a native operation is under way: then after it. Resolves when it has ended. */
  kill(): Promise<void>;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
}

/** Who is told what a place says, and how it ended. */
export interface PlaceListener {
  onMessage(message: FromReplica): void;
  /** Told once; `reason` completes the sentence "it …". */
  onEnd(reason: string, cause?: unknown): void;
}
