import { WriteStream } from "node:tty";

/** Levels of a channel in terminals of 256 colours, whose colours 16 to 231 are all triples of them. */
const LEVELS = [0, 95, 135, 175, 215, 255];

/**
 * Two cells of a colour, for a terminal that colours are allowed on; nothing where it has too few.
 *
 * @param env - tells what the terminal can do: `COLORTERM`, `TERM` and the like.
 */
export function swatch(color: readonly number[], env: Readonly<Record<string, string | undefined>>): string {
  const depth = WriteStream.prototype.getColorDepth(env);
  if (depth < 8) return "";
  const [r, g, b] = color.map(nearestLevel) as [number, number, number];
  const code = depth >= 24 ? `2;${color.join(";")}` : `5;${16 + 36 * r + 6 * g + b}`;
  return `\u001b[48;${code}m  \u001b[0m`;
}

const nearestLevel = (value: number) =>
  LEVELS.reduce((best, level, i) => (Math.abs(level - value) < Math.abs(LEVELS[best]! - value) ? i : best), 0);
