import { type Explanation, SegError } from "@seg/errors";

/** The values behind a {@link UsageError}. */
interface UsageErrorData {
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

/** Results that reach nobody: `closed` whoever read them has stopped, `unwritable` the system refuses them. */
export class OutputError extends SegError<"closed" | "unwritable", { systemCode: string }> {
  /** @param error - the system's, of writing to stdout. */
  static of({ code = "", message }: NodeJS.ErrnoException): OutputError {
    const data = { systemCode: code };
    if (code === "EPIPE" || code === "ECONNRESET") {
      const explanation = { expected: "somebody to read the output", but: "the pipe is closed" };
      return new OutputError("closed", explanation, { data });
    }
    const explanation = { expected: "to write the output", but: REASONS[code] ?? message, hint: "send it elsewhere" };
    return new OutputError("unwritable", explanation, { data });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the quota is used up",
  EFBIG: "the file may not become so large",
  EIO: "the terminal or the disk is gone",
};
