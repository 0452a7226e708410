import type { Worker } from "node:worker_threads";
import { ownModule, type SentError, startThread, unpackError } from "@seg/node";
import { DataParallelError, disposedError } from "../errors.ts";
import type { HostData, SampleRequest } from "./source-host.ts";
import type { Answer, Question } from "./worker.ts";

interface Waiting {
  resolve(sample: unknown): void;
  reject(error: Error): void;
}

/** A thread with sources in it, seen from outside. While nobody waits for it, it does not keep the process alive. */
export class LoaderThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #end: Error | undefined;

  constructor(data: HostData) {
    this.#worker = startThread(ownModule("./worker", import.meta.url), { workerData: data });
    this.#worker.unref();
    this.#worker.on("message", (answer: Answer) => this.#settle(answer));
    this.#worker.on("messageerror", (error) => this.#fail(error));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", (code) => this.#fail(new Error(`it left with code ${code}`)));
  }

  /** As {@link SourceHost.make} does, over there. */
  make(request: SampleRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(this.#end);
      const id = this.#asked++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...request } satisfies Question);
    });
  }

  /** Keeps the process alive, or no longer. */
  hold(on: boolean): void {
    if (on) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Ends the thread; what it still owes is refused. */
  async stop(): Promise<void> {
    this.#end ??= disposedError();
    await this.#worker.terminate();
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("sample" in answer) waiting?.resolve(answer.sample);
    else waiting?.reject(revive(answer.error));
  }

  #fail(error: Error): void {
    this.#end ??= new DataParallelError(
      "thread",
      `A loader's thread ended before its work did: ${error.message}. Is memory short? Fewer threads need less.`,
      { cause: error },
    );
    for (const { reject } of this.#waiting.values()) reject(this.#end);
    this.#waiting.clear();
  }
}

function revive(sent: SentError): Error {
  const error = unpackError(sent);
  if (error.name !== "DataParallelError") return error;
  const { code, message, cause, data } = error as DataParallelError;
  return new DataParallelError(code, message, { cause, data });
}
