import { join } from "node:path";
import { FileError, readTextFile, withLock, writeFileAtomic } from "@seg/node";
import * as z from "zod";
import { PipelineError } from "../errors.ts";
import type { MeasuredRow } from "./result.ts";

/** The file that keeps the rows that are done. */
const ROWS_FILE = "rows.json";

/** All that a row's scores depend on; plain data. */
export interface RowKey {
  row: string;
  sizes: readonly number[];
  /** SHA-256 of the weights. */
  encoder: string;
  decoder: string;
  /** Of the photos and labels. */
  photos: string;
  /** The engine that was asked for. */
  backend: string;
  /** This package's version. */
  version: string;
}

// JSON has no NaN.
const score = z.number().or(z.null().transform(() => Number.NaN));
const rowsSchema = z.array(
  z.object({
    of: z.object({
      row: z.string(),
      sizes: z.array(z.number()),
      encoder: z.string(),
      decoder: z.string(),
      photos: z.string(),
      backend: z.string(),
      version: z.string(),
    }) satisfies z.ZodType<RowKey>,
    measured: z.object({
      meanIou: score,
      pixelAccuracy: score,
      photosPerSecond: z.number(),
      engine: z.string(),
      workers: z.number(),
      finished: z.string(),
    }),
  }),
);

type StoredRow = z.infer<typeof rowsSchema>[number];

/** A row has less than a kilobyte. */
const LARGEST = 10_000_000;

/** Rows that were measured, kept in a folder: a run that was killed goes on with the next one. */
export class RowStore {
  readonly #file: string;
  readonly #log: (line: string) => void;

  /** @param log - told who is waited for, if somebody is. */
  constructor(folder: string, log: (line: string) => void) {
    this.#file = join(folder, ROWS_FILE);
    this.#log = log;
  }

  /**
   * What was measured of this row; undefined where nothing was.
   *
   * @throws {PipelineError} `failed` if the file holds something else.
   */
  async find(key: RowKey): Promise<MeasuredRow | undefined> {
    return (await this.#read()).find(({ of }) => isSame(of, key))?.measured;
  }

  /** Keeps a row in the place of an earlier one; other processes may keep theirs at the same time. */
  async keep(key: RowKey, measured: MeasuredRow): Promise<void> {
    const work = async () => {
      const others = (await this.#read()).filter(({ of }) => !isSame(of, key));
      const rows = [...others, { of: key, measured }];
      await writeFileAtomic(this.#file, `${JSON.stringify(rows, null, 2)}\n`);
    };
    const onWait = (_: unknown, line: string) => this.#log(`Waiting to keep ${key.row}: ${line}`);
    await withLock(`${this.#file}.lock`, work, { onWait });
  }

  async #read(): Promise<StoredRow[]> {
    try {
      return rowsSchema.parse(JSON.parse(await readTextFile(this.#file, { limit: LARGEST })));
    } catch (error) {
      if (error instanceof FileError && error.data.systemCode === "ENOENT") return [];
      if (error instanceof FileError && error.cause) throw error;
    }
    throw new PipelineError(
      "failed",
      {
        expected: `rows that were measured before in ${this.#file}`,
        but: "that is not what it holds",
        hint: "delete it, or choose another folder for the result",
      },
      { data: { file: this.#file } },
    );
  }
}

const isSame = (a: RowKey, b: RowKey) => text(a) === text(b);
const text = (key: RowKey) => JSON.stringify(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)));
