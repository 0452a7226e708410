import { knowFolder } from "@seg/node";
import { PipelineError } from "../errors.ts";

/** Keeps a second training out of the folder. */
export const LOCK = ".training.lock";

/** The folder of a training under way, which somebody may move, replace or delete meanwhile. */
export class OwnFolder {
  readonly #path: string;
  readonly #isThere: () => Promise<boolean>;

  /** @param path - `DIR`, in which the training holds its lock. */
  static async of(path: string): Promise<OwnFolder> {
    return new OwnFolder(path, await knowFolder(path, LOCK));
  }

  private constructor(path: string, isThere: () => Promise<boolean>) {
    this.#path = path;
    this.#isThere = isThere;
  }

  /** Whether `DIR` still is the folder that the training began in. */
  isThere(): Promise<boolean> {
    return this.#isThere();
  }

  /** @throws {PipelineError} `failed` if it is not: nothing is made anew, and nothing goes into a stranger's folder. */
  async check(): Promise<void> {
    if (await this.isThere()) return;
    throw new PipelineError(
      "failed",
      {
        expected: `${this.#path} to be the folder that the training began in`,
        but: "it was moved, replaced or deleted meanwhile, or another training is at work there",
        hint: "nothing more is saved; where there are checkpoints of it, --resume with DIR set to their folder goes on from them",
      },
      { data: { key: "DIR", folder: this.#path } },
    );
  }
}
