import type { ChildProcess } from "node:child_process";
import type { ArrayTensor } from "@seg/layers";
import { deserializeError, exitReason, ownModule, startProcess, stderrTail } from "@seg/node";
import type { Config } from "@seg/segmenter/config";
import { PipelineError } from "../errors.ts";
import type { ModelFiles } from "../weights/find.ts";
import type { OpenNetwork, OpenOptions } from "./inference-engine.ts";
import type { FromNetwork, NetworkSetup } from "./network-main.ts";

/**
 * {@link openNetwork} in a process of its own: for models from elsewhere, which may compute without end, or crash what runs them. Whoever gives
 * up kills the process; the network is opened anew when it is used again. While it is not used it keeps nobody alive.
 *
 * @throws what `openNetwork` throws; {@link PipelineError} `failed` if the process dies; the signal's reason.
 */
export async function openApart(
  config: Config,
  files: ModelFiles,
  { log, signal, ...options }: OpenOptions & { signal: AbortSignal | undefined },
): Promise<OpenNetwork> {
  const setup: NetworkSetup = { config, files, ...options };
  const start = async (ended: AbortSignal | undefined) => {
    const started = new NetworkProcess();
    return { started, opened: await started.ask<"open">(setup, ended) };
  };
  const first = await start(signal);
  for (const note of first.opened.notes) log(note);
  let current: NetworkProcess | undefined = first.started;
  return {
    engine: first.opened.engine,
    network: {
      inputSize: first.opened.inputSize,
      async run(x: ArrayTensor, ended?: AbortSignal) {
        if (!current?.isAlive) current = (await start(ended)).started;
        return (await current.ask<"results">(x, ended)).results;
      },
      dispose: async () => current?.end(),
    },
  };
}

type Answer<Type> = Extract<FromNetwork, { type: Type }>;

class NetworkProcess {
  readonly #child: ChildProcess;
  readonly #stderr: () => string;
  /** The end of the question before: one is answered after the other. */
  #before: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#child = startProcess(ownModule("./network-main", import.meta.url), [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", process.env.SEG_DEBUG === "1" ? "inherit" : "pipe", "ipc"],
    });
    this.#stderr = stderrTail(this.#child);
  }

  get isAlive(): boolean {
    return this.#child.connected && !this.#child.killed;
  }

  /** Sends what is answered by one message of that type. */
  ask<Type extends FromNetwork["type"]>(
    message: NetworkSetup | ArrayTensor,
    signal: AbortSignal | undefined,
  ): Promise<Answer<Type>> {
    const answer = this.#before.then(() => this.#ask(message, signal)) as Promise<Answer<Type>>;
    this.#before = answer.catch(() => {});
    return answer;
  }

  #ask(message: NetworkSetup | ArrayTensor, signal: AbortSignal | undefined): Promise<FromNetwork> {
    const child = this.#child;
    return new Promise<FromNetwork>((resolve, reject) => {
      const abort = () => {
        this.end();
        reject(signal!.reason);
      };
      const onMessage = (said: FromNetwork) =>
        settle(() => (said.type === "failed" ? reject(deserializeError(said.error)) : resolve(said)));
      const onClose = (code: number | null, killedBy: NodeJS.Signals | null) =>
        settle(() => reject(died(exitReason({ code, signal: killedBy, stderr: this.#stderr() }))));
      const onError = (error: Error) => settle(() => reject(died(`did not start (${error.message})`, error)));
      const settle = (done: () => void) => {
        signal?.removeEventListener("abort", abort);
        child.off("message", onMessage).off("close", onClose).off("error", onError);
        this.#keepsAlive(false);
        done();
      };
      if (signal?.aborted) return abort();
      if (!this.isAlive) return reject(died("has ended"));
      this.#keepsAlive(true);
      signal?.addEventListener("abort", () => settle(abort), { once: true });
      child.on("message", onMessage).on("close", onClose).on("error", onError);
      // Where it is gone already, its end follows.
      child.send(message, () => {});
    });
  }

  #keepsAlive(does: boolean): void {
    const { channel, stderr } = this.#child;
    for (const held of [this.#child, channel, stderr as { ref?(): void; unref?(): void } | null]) {
      if (does) held?.ref?.();
      else held?.unref?.();
    }
  }

  /** Ends the process, which holds nothing that would have to be saved. */
  end(): void {
    this.#child.kill("SIGKILL");
  }
}

const died = (reason: string, cause?: Error) =>
  new PipelineError(
    "failed",
    { expected: "the model's process to answer", but: `it ${reason}`, hint: "take another model, or smaller photos" },
    { data: { reason }, ...(cause && { cause }) },
  );
