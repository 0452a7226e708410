import type { Worker } from "node:worker_threads";
import { deserializeError, ownModule, type SerializedError, startThread } from "@seg/node";
import { DataParallelError, disposedError } from "../errors.ts";
import type { Request, Response } from "./thread-main.ts";
import type { LoaderData, SampleRequest } from "./worker-sources.ts";

interface PendingRequest {
  resolve(sample: unknown): void;
  reject(error: Error): void;
}

/** A loader's thread, seen from the process that started it, which it keeps alive only while a sample is waited for. */
export class LoaderThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingRequest>();
  #requests = 0;
  #failure: Error | undefined;

  constructor(data: LoaderData) {
    this.#worker = startThread(ownModule("./thread-main", import.meta.url), { workerData: data });
    this.#worker.unref();
    this.#worker.on("message", (response: Response) => this.#settle(response));
    this.#worker.on("messageerror", (error) => this.#fail(error));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", (code) => this.#fail(new Error(`it left with code ${code}`)));
  }

  /** {@link WorkerSources.make}, in the thread. */
  make(request: SampleRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const id = this.#requests++;
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...request } satisfies Request);
    });
  }

  /** Whether it keeps the process alive (`ref`), or not (`unref`). */
  setRef(on: boolean): void {
    if (on) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Terminates the thread; pending requests reject. */
  async terminate(): Promise<void> {
    this.#failure ??= disposedError();
    await this.#worker.terminate();
  }

  #settle(response: Response): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if ("sample" in response) pending?.resolve(response.sample);
    else pending?.reject(restoreError(response.error));
  }

  #fail(error: Error): void {
    this.#failure ??= new DataParallelError(
      "thread",
      `A loader's thread ended before its work did: ${error.message}. Is memory short? Fewer threads need less.`,
      { cause: error },
    );
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }
}

function restoreError(sent: SerializedError): Error {
  const error = deserializeError(sent);
  if (error.name !== "DataParallelError") return error;
  const { code, message, cause, data } = error as DataParallelError;
  return new DataParallelError(code, message, { cause, data });
}
