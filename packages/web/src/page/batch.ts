import { explain, isCancelled } from "./errors.ts";
import { checkPixels, measure } from "./photo.ts";
import type { CreateSegmenter, ModelChoice, PageProgress, PageSegmentation, PageSegmenter } from "./segmenter.ts";
import type { Size } from "./view.ts";

/** How far the work is, in words and, where known, in numbers. */
export interface Progress {
  text: string;
  done?: number | undefined;
  total?: number | undefined;
}

/** One photo and what became of it. */
export interface BatchPhoto {
  readonly id: number;
  readonly file: File;
  state: "waiting" | "working" | "done" | "failed" | "cancelled";
  size?: Size;
  found?: PageSegmentation;
  /** Why it failed, one sentence. */
  error?: string;
  progress?: Progress;
  /** Milliseconds from its turn to its labels, without the model's loading. */
  took?: number;
}

/** Which network computes, and on what. */
export interface ModelSettings {
  model: ModelChoice;
  backend: Parameters<CreateSegmenter>[0]["backend"];
}

/** So many pixels any model takes: photos of more are shown once it is known that they are taken. */
const SHOWN_AT_ONCE = 50_000_000;

/** Segments photos one after the other; one that fails stops no other. The model is loaded for the first of them. */
export class Batch {
  readonly photos: BatchPhoto[] = [];
  readonly #create: CreateSegmenter;
  readonly #onChange: (photo: BatchPhoto) => void;
  #settings: ModelSettings = { model: "demo", backend: "auto" };
  #segmenter: PageSegmenter | undefined;
  #work = new AbortController();
  #isRunning = false;
  #lastId = 0;

  /** `onChange` is told of each photo whose state, progress or result is another. */
  constructor(create: CreateSegmenter, onChange: (photo: BatchPhoto) => void) {
    this.#create = create;
    this.#onChange = onChange;
  }

  /** What computes; none until it is loaded. */
  get segmenter(): PageSegmenter | undefined {
    return this.#segmenter;
  }

  get settings(): ModelSettings {
    return this.#settings;
  }

  /** Adds photos, and begins. */
  add(files: readonly File[]): BatchPhoto[] {
    const added = files.map((file): BatchPhoto => ({ id: ++this.#lastId, file, state: "waiting" }));
    this.photos.push(...added);
    for (const photo of added) this.#onChange(photo);
    void this.#run();
    return added;
  }

  /** Takes another model: all photos are segmented anew. */
  use(settings: ModelSettings): void {
    this.#settings = settings;
    this.cancel();
    this.#segmenter?.dispose();
    this.#segmenter = undefined;
    for (const photo of this.photos) this.#reset(photo);
    void this.#run();
  }

  /** Does one again. */
  retry(photo: BatchPhoto): void {
    this.#reset(photo);
    void this.#run();
  }

  /** Takes one away; what computes for it ends. */
  remove(photo: BatchPhoto): void {
    const at = this.photos.indexOf(photo);
    if (at < 0) return;
    this.photos.splice(at, 1);
    if (photo.state !== "working") return;
    this.#work.abort();
    this.#work = new AbortController();
  }

  /** Ends the work; what has no result yet is cancelled. */
  cancel(): void {
    this.#work.abort();
    this.#work = new AbortController();
    for (const photo of this.photos) {
      if (photo.state === "waiting" || photo.state === "working") this.#set(photo, { state: "cancelled" });
    }
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let photo = this.#next(); photo; photo = this.#next()) await this.#one(photo);
    } finally {
      this.#isRunning = false;
    }
  }

  #next(): BatchPhoto | undefined {
    return this.photos.find(({ state }) => state === "waiting");
  }

  async #one(photo: BatchPhoto): Promise<void> {
    const { signal } = this.#work;
    // What comes after it was cancelled belongs to a turn that is over.
    const set = (change: Partial<BatchPhoto>) => !signal.aborted && this.#set(photo, change);
    set({ state: "working", progress: { text: "Looking at the photo" } });
    try {
      const size = await measure(photo.file);
      if (size.width * size.height <= SHOWN_AT_ONCE) set({ size });
      const segmenter = this.#segmenter ?? (await this.#load(signal, (progress) => set({ progress })));
      if (signal.aborted) return;
      checkPixels(photo.file, size, segmenter.config.DATASET.max_pixels);
      set({ size, progress: { text: "Segmenting" } });
      const start = performance.now();
      const found = await segmenter.segment(photo.file, {
        signal,
        onProgress: (done, total) => set({ progress: segmenting(done, total) }),
      });
      const { labels, width, height, classes, times } = found;
      // Only what is shown: a result also holds the photo's pixels, too much for many photos.
      set({
        state: "done",
        size: { width, height },
        found: { labels, width, height, classes, times },
        took: performance.now() - start,
      });
    } catch (error) {
      if (!isCancelled(error, signal)) set({ state: "failed", error: explain(error) });
      else if (photo.state === "working" && !signal.aborted) set({ state: "cancelled" });
    }
  }

  async #load(signal: AbortSignal, tell: (progress: Progress) => void): Promise<PageSegmenter> {
    tell({ text: "Loading the model" });
    try {
      const made = await this.#create({ ...this.#settings, signal, onProgress: (event) => tell(loading(event)) });
      if (signal.aborted) made.dispose();
      else this.#segmenter = made;
      return made;
    } catch (error) {
      // No other photo would have it better.
      if (!isCancelled(error, signal)) {
        for (const photo of this.photos) {
          if (photo.state === "waiting") this.#set(photo, { state: "failed", error: explain(error) });
        }
      }
      throw error;
    }
  }

  #reset(photo: BatchPhoto): void {
    delete photo.found;
    delete photo.error;
    this.#set(photo, { state: "waiting" });
  }

  #set(photo: BatchPhoto, change: Partial<BatchPhoto>): void {
    if (change.state) delete photo.progress;
    Object.assign(photo, change);
    this.#onChange(photo);
  }
}

function segmenting(done: number, total: number): Progress {
  if (total <= 1) return { text: "Segmenting" };
  return { text: `Segmenting, scale ${Math.min(done + 1, total)} of ${total}`, done, total };
}

function loading(event: PageProgress): Progress {
  if (event.kind === "load") return { text: "Loading the model" };
  if (event.kind === "engine") return { text: `Starting ${event.name}` };
  const { done, total, name } = event;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const of = total ? ` of ${megabytes(total)}` : "";
  return { text: `Downloading ${name}: ${megabytes(done)}${of} MB`, done, total };
}
