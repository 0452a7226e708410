import { randomBytes } from "node:crypto";
import { ownModule, startThread } from "@seg/node";
import type { Group } from "../../group.ts";
import { broadcastJson } from "../../json.ts";
import { ownAddresses, portsToTry } from "./addresses.ts";
import { LOSSES, type Loss, type Offer, type WatcherTask } from "./task.ts";

/** How long a thread may take to listen, or to connect, which it gives up by itself before. */
const START_MS = 30_000;

/** Knows of ranks on other hosts that have ended or cannot be reached any more, which neither MPI nor the system tells. */
export interface Watch {
  /** How a rank was lost, if it was. */
  lossOf(rank: number): Loss | undefined;
  /** Calls back on the first loss, from the event loop. */
  onLoss: ((rank: number, loss: Loss) => void) | undefined;
}

/**
 * Begins to watch: a thread in each process holds a connection to rank 0's, whose keep-alives the systems answer, though a process be stopped. It uses
 * the interfaces and ports that Open MPI is told to use. Collective: who has come through is watched. Where rank 0 cannot listen, or a firewall is in the way
 * (10 s are waited for one that does not answer), nothing is known of the others.
 */
export function startWatch(group: Group): Watch | undefined {
  const { rank, size } = group;
  const states = new Int32Array(new SharedArrayBuffer(4 * (size + 1)));
  const watch: Watch = {
    lossOf: (other) => LOSSES[Atomics.load(states, other) - 1],
    onLoss: undefined,
  };
  const start = (task: Pick<WatcherTask, "tokens" | "offer" | "ports" | "host">) => {
    const whole: WatcherTask = { rank, size, states: states.buffer as SharedArrayBuffer, ...task };
    const thread = startThread(ownModule("./watcher", import.meta.url), { workerData: { task: whole } });
    thread.on("message", ({ rank, loss }: { rank: number; loss: Loss }) => watch.onLoss?.(rank, loss));
    thread.on("error", () => {});
    thread.unref();
  };
  const started = () => {
    Atomics.wait(states, size, 0, START_MS);
    return Atomics.load(states, size);
  };
  let own: Offer | null = null;
  if (rank === 0) {
    const tokens = { ask: randomBytes(16).toString("hex"), answer: randomBytes(16).toString("hex") };
    const addresses = ownAddresses();
    start({ tokens, ports: portsToTry(), host: addresses.length === 1 ? addresses[0] : undefined });
    const port = started();
    if (port > 0 && addresses.length > 0) own = { addresses, port, tokens };
  }
  const offer = broadcastJson(own, group);
  if (!offer) return undefined;
  if (rank > 0) {
    start({ tokens: offer.tokens, offer });
    started();
  }
  return watch;
}
