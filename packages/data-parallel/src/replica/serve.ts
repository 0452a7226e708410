import type { Group } from "@seg/collectives";
import { serializeError } from "@seg/node";
import { joinGroup } from "../launch/group-handle.ts";
import { compact, transferables } from "../transferables.ts";
import { type HostedReplica, hostReplica } from "./host.ts";
import type { FromReplica, StartRequest, ToReplica } from "./messages.ts";

/** The message channel to the process or thread that launched this replica. */
export interface Channel {
  send(message: FromReplica, transfer?: ArrayBuffer[]): void;
  /** Ends this thread or process. */
  close(): void;
}

/** Makes the replica and serves its runs, one after the other; returns the message handler. */
export function serve(channel: Channel): (message: ToReplica) => void {
  const aborts = new Map<number, AbortController>();
  let group: Group | undefined;
  let replica: HostedReplica<unknown, unknown>;
  let failed = false;

  const fail = (error: unknown) => {
    if (failed) return;
    failed = true;
    channel.send({ type: "failed", error: serializeError(error) });
  };

  async function start({ rank, group: handle, device, module, options }: StartRequest) {
    const join = () => {
      group = joinGroup(handle, rank, (waiting) => channel.send({ type: "waiting", waiting }));
      return group;
    };
    const log = (line: string) => channel.send({ type: "log", line });
    replica = await hostReplica({ module, join, device, options, log });
    return replica.engine;
  }

  async function run(id: number, dict: unknown) {
    const { signal } = aborts.get(id)!;
    const report = (value: unknown) => channel.send({ type: "report", id, value });
    const output = await replica.run(dict, { signal, report });
    aborts.delete(id);
    return compact(output);
  }

  // The plain JavaScript engine's dataSync returns the tensors' own memory, which must stay.
  const mayTransfer = () => replica.engine.name !== "cpu";

  async function dispose() {
    try {
      await replica?.dispose?.();
      group?.dispose();
    } catch (error) {
      process.emitWarning(error as Error);
    } finally {
      channel.close();
    }
  }

  let last: Promise<void> = Promise.resolve();
  const next = (task: () => Promise<void>) => {
    last = last.then(() => (failed ? undefined : task())).catch(fail);
  };
  const respond = (id: number, task: () => Promise<unknown>) =>
    next(async () => {
      const value = await task();
      channel.send({ type: "done", id, value }, mayTransfer() ? transferables([value])[0] : []);
    });

  process.on("uncaughtException", fail);
  return (message) => {
    if (message.type === "start") respond(message.id, () => start(message));
    else if (message.type === "run") {
      aborts.set(message.id, new AbortController());
      respond(message.id, () => run(message.id, message.dict));
    } else if (message.type === "abort") aborts.get(message.id)?.abort();
    else next(dispose);
  };
}
