import { join } from "node:path";
import { type RgbImage, writeFileAtomic } from "@seg/ade20k-data";
import sharp from "sharp";
import { EventFile } from "./event-file.ts";
import type { History } from "./history.ts";
import { historySvg } from "./history-svg.ts";
import type { ValidationScores } from "./validation-files.ts";

/** The picture of the training's course. */
const HISTORY_PICTURE = "history.svg";

/**
 * What a training leaves for people to look at: TensorBoard's events, and a picture of its course. Where it cannot be written, that is told once
 * and the training goes on.
 */
export class Journal {
  readonly #folder: string;
  readonly #warn: (line: string) => void;
  #events: EventFile | undefined;

  /** @param firstStep - the iteration that the training goes on from, counted over all epochs. */
  constructor(folder: string, { firstStep, warn }: { firstStep: number; warn: (line: string) => void }) {
    this.#folder = folder;
    this.#warn = warn;
    this.#try("TensorBoard's events", () => {
      this.#events = new EventFile(folder, firstStep);
    });
  }

  /** Numbers of an iteration, counted over all epochs. */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    this.#try("TensorBoard's events", () => this.#events?.scalars(step, values));
  }

  /** A picture for TensorBoard. */
  async picture(step: number, tag: string, { data, width, height }: RgbImage): Promise<void> {
    const png = await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    this.#try("TensorBoard's events", () => this.#events?.image(step, tag, { png, width, height }));
  }

  /** Draws the course. */
  async draw(
    history: History,
    validation: readonly ValidationScores[],
    options: { epochs: number; title: string },
  ): Promise<void> {
    const file = join(this.#folder, HISTORY_PICTURE);
    await writeFileAtomic(file, historySvg(history, validation, options)).catch((error) => this.#warn(error.message));
  }

  close(): void {
    this.#events?.close();
    this.#events = undefined;
  }

  #try(what: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#warn(`${what} cannot be written to ${this.#folder} (${(error as Error).message}): going on without them.`);
      this.close();
    }
  }
}
