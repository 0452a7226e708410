import { type Explanation, SegError } from "@seg/errors";

/** The values behind a {@link UsageError}. */
export interface UsageErrorData {
  /** The flag that is wrong, with its dashes, or the argument: `--gpus`, `config`. */
  flag?: string;
  argument?: string;
  /** What it was given; undefined where it was given nothing. */
  value?: string;
}

/** A command or flag that does not exist, or a flag's value that makes no sense. */
export class UsageError extends SegError<"usage", UsageErrorData> {
  constructor(explanation: Explanation | string, data: UsageErrorData = {}) {
    super("usage", explanation, { data });
  }
}
