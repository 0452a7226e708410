// The entry point of the worker: holds one network, and runs it on the photos that it is sent.
import { labelsOfScores, Segmenter } from "@seg/segmenter";
import { decodePhoto } from "./decode-photo.ts";
import type { Answer, Found, PhotoMessage, Question } from "./messages.ts";
import { type OpenModel, openModel } from "./open-model.ts";
import { sentError } from "./transfer-error.ts";

/** The parts of a worker's global scope that are used here: its types and those of a page exclude one another. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Question>) => void;
  postMessage(answer: Answer, transfer: Transferable[]): void;
};

const say = (answer: Answer, transfer: Transferable[] = []) => scope.postMessage(answer, transfer);

/** Segments what the page sends. */
class PhotoSegmenter extends Segmenter<PhotoMessage, OpenModel["engine"]> {
  /** When the last photo was decoded. */
  decodedAt = 0;

  protected override async read(photo: PhotoMessage, signal = new AbortController().signal) {
    const decoded = await decodePhoto(photo, { maxPixels: this.config.DATASET.max_pixels, signal });
    this.decodedAt = performance.now();
    return decoded;
  }
}

let segmenter: PhotoSegmenter | undefined;
/** What is being done or waits, by question. */
const running = new Map<number, AbortController>();
/** The end of what was asked before: one photo after the other. */
let before: Promise<unknown> = Promise.resolve();

scope.onmessage = ({ data: question }) => {
  const { id } = question;
  if (question.type === "abort") return running.get(id)?.abort();
  const controller = new AbortController();
  running.set(id, controller);
  const { signal } = controller;
  before = before
    .then(() => (question.type === "open" ? open(question, signal) : segment(question, signal)))
    .catch((error) => say({ id, type: "failed", error: sentError(error) }))
    .finally(() => running.delete(id));
};

async function open({ id, setup, lock }: Question & { type: "open" }, signal: AbortSignal): Promise<void> {
  // Held for as long as this worker lives, so that the page notices its end.
  await new Promise<void>((resolve) => {
    if (!navigator.locks) return resolve();
    navigator.locks
      .request(lock, () => {
        resolve();
        return new Promise(() => {});
      })
      .catch(() => resolve());
  });
  const { network, ...opened } = await openModel(setup, {
    signal,
    onProgress: (event) => say({ id, type: "loading", event }),
  });
  segmenter = new PhotoSegmenter({ ...opened, network });
  say({ id, type: "opened", result: opened });
}

async function segment(
  { id, photo, scores, sizes }: Question & { type: "segment" },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (!segmenter) throw new Error("no network is open");
  const start = performance.now();
  const { image, maps } = await segmenter.scores(photo, {
    signal,
    sizes,
    onProgress: (done, total) => say({ id, type: "scale", done, total }),
  });
  const decoded = segmenter.decodedAt;
  const computed = performance.now();
  const labels = labelsOfScores(maps, [image.height, image.width]);
  const times = { decode: decoded - start, network: computed - decoded, labels: performance.now() - computed };
  const result: Found = { image, labels, maps: scores ? maps : undefined, times };
  const arrays = [image.data, labels, ...(scores ? maps.map(({ data }) => data) : [])];
  // WebAssembly's memory and such as other arrays share cannot be given away.
  const whole = arrays.filter(
    ({ buffer, byteLength }) => buffer instanceof ArrayBuffer && buffer.byteLength === byteLength,
  );
  say({ id, type: "found", result }, [...new Set(whole.map(({ buffer }) => buffer as ArrayBuffer))]);
}
