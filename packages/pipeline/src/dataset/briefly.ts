/** How long an end must be for its repetition to be left out. */
const LONG = 60;

/**
 * Lines of which several end in the same advice, with it in the first of them alone.
 *
 * @example
 * ```ts
 * import { briefly } from "@seg/pipeline/dataset";
 *
 * const hint = "save the labels as PNG, as JPEG changes the values of pixels: then train again.";
 * const lines = briefly([`a.jpg is no label map: ${hint}`, `b.jpg is no label map: ${hint}`]);
 * console.log(lines[1]); // b.jpg is no label map.
 * ```
 */
export function briefly(lines: readonly string[]): string[] {
  return lines.map((line, i) => {
    const hint = lines.slice(0, i).reduce((longest, before) => longer(longest, commonEnd(line, before)), "");
    // The way out stands behind a colon.
    const start = hint.indexOf(": ");
    return start >= 0 && hint.length - start > LONG ? `${line.slice(0, line.length - hint.length + start)}.` : line;
  });
}

const longer = (a: string, b: string) => (b.length > a.length ? b : a);

function commonEnd(a: string, b: string): string {
  let length = 0;
  while (length < a.length && length < b.length && a.at(-1 - length) === b.at(-1 - length)) length++;
  return a.slice(a.length - length);
}
