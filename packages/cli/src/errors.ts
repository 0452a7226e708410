import { type Explanation, SegError } from "@seg/errors";

/** A command or flag that does not exist, or a flag's value that makes no sense. */
export class UsageError extends SegError<"usage", { flag?: string; value?: string }> {
  constructor(explanation: Explanation | string, data: { flag?: string; value?: string } = {}) {
    super("usage", explanation, { data });
  }
}
