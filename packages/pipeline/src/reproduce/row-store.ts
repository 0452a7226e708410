import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { withLock, writeFileAtomic } from "@seg/node";
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

interface StoredRow {
  of: RowKey;
  measured: MeasuredRow;
}

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
    const measured = (await this.#read()).find(({ of }) => isSame(of, key))?.measured;
    // JSON has no NaN.
    return (
      measured && {
        ...measured,
        meanIou: measured.meanIou ?? Number.NaN,
        pixelAccuracy: measured.pixelAccuracy ?? Number.NaN,
      }
    );
  }

  /** Keeps a row in the place of an earlier one; other processes may keep theirs at the same time. */
  async keep(key: RowKey, measured: MeasuredRow): Promise<void> {
    const work = async () => {
      const others = (await this.#read()).filter(({ of }) => !isSame(of, key));
      const rows: StoredRow[] = [...others, { of: key, measured }];
      await writeFileAtomic(this.#file, `${JSON.stringify(rows, null, 2)}\n`);
    };
    const onWait = (_: unknown, line: string) => this.#log(`Waiting to keep ${key.row}: ${line}`);
    await withLock(`${this.#file}.lock`, work, { onWait });
  }

  async #read(): Promise<StoredRow[]> {
    const text = await readFile(this.#file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "[]";
      throw error;
    });
    try {
      const rows: unknown = JSON.parse(text);
      if (Array.isArray(rows) && rows.every((row) => row?.of && row.measured)) return rows;
    } catch {
      // Told below.
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
