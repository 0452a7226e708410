import { CheckpointError } from "./errors.ts";

/** How much of a file that is no tensor's values is read, before it is called something other than a checkpoint. */
export interface Limits {
  /** Bytes of memory that the values of its pickles may take. */
  readonly memory: number;
  /** Bytes of its pickles. */
  readonly pickle: number;
  /** Bytes of a zip file's directory, names, extra fields and comments included. */
  readonly directory: number;
  /** Bytes of a safetensors header. */
  readonly header: number;
  /** Entries of the dicts that are searched for tensors. */
  readonly entries: number;
  /** Characters of the names that are put together from those of nested dicts. */
  readonly names: number;
}

/** Enough for 20,000 tensors, or a few hundred and a long training's history. */
const DEFAULT_BUDGET = 2 ** 26;

/** The limits that follow from the one that callers set. */
export function limitsOf(budget: number = DEFAULT_BUDGET): Limits {
  if (!(Number.isSafeInteger(budget) && budget > 0)) {
    throw new CheckpointError(
      "option",
      { expected: "budget: a whole number of bytes", received: String(budget), hint: "leave it out for 64 MB" },
      { data: { option: "budget" } },
    );
  }
  return {
    memory: budget,
    pickle: budget / 2,
    directory: budget / 8,
    header: budget / 32,
    entries: budget / 640,
    names: budget / 4,
  };
}

/** A file that would take more than its limits. */
export const beyondLimits = (what: string): CheckpointError =>
  new CheckpointError("unsupported", `${what} than any state dict's: save only tensors, or raise the option budget`);

/** What is left of {@link Limits.memory} for the pickles of one file. */
export class Budget {
  #left: number;

  constructor({ memory }: Limits) {
    this.#left = memory;
  }

  /**
   * Takes from it what something that a pickle makes will hold at most, before that is made. It is never given back, so that steps which
   * keep nothing end too.
   *
   * @throws {CheckpointError} `unsupported` where nothing is left.
   */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw beyondLimits("its pickle takes more memory");
  }
}

/**
 * What V8 keeps at most for each kind of value, in bytes, on 64-bit machines: tables that have just grown are half empty, and a list has room
 * for 17 once it has one.
 */
export const COST = {
  /** A step of the pickle machine: a place on its stack. */
  step: 16,
  number: 16,
  /** Text and bytes, and each of theirs. */
  text: 32,
  character: 2,
  tuple: 64,
  list: 192,
  item: 16,
  dict: 320,
  entry: 64,
  memo: 64,
  object: 128,
  tensor: 256,
} as const;
