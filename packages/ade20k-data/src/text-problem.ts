/** Why a text is not what it should be, and in which line. */
export class TextProblem extends Error {
  /** From 1. */
  readonly line: number;

  /** @param reason - in words that follow "but". */
  constructor(reason: string, line: number) {
    super(reason);
    this.name = "TextProblem";
    this.line = line;
  }
}

/** As many as a table of classes, values or colours never has. */
const MOST_LINES = 10_000;
const LONGEST_LINE = 10_000;

/**
 * The lines of a text, without their ends.
 *
 * @throws {TextProblem} where there are more than 10,000, or one is longer than so many characters.
 */
export function splitLines(text: string): string[] {
  const lines = text.split(/\r\n|\n/, MOST_LINES + 1);
  if (lines.length > MOST_LINES) throw new TextProblem("it has more than 10,000 lines", MOST_LINES + 1);
  const long = lines.findIndex((line) => line.length > LONGEST_LINE);
  if (long >= 0) throw new TextProblem("the line has more than 10,000 characters", long + 1);
  return lines;
}
