import { printable } from "@seg/errors";

/**
 * A word of a command that is printed to be pasted into a shell, quoted where it must be: for POSIX shells, and where it holds what a terminal
 * would obey, with the escapes of bash, zsh and ksh; for Windows' shells in double quotes.
 */
export function shellWord(word: string, platform: NodeJS.Platform = process.platform): string {
  if (/^[\w./:=+@%,][\w./:=+@%,-]*$/.test(word)) return word;
  if (platform === "win32") return `"${word}"`;
  if (printable(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  return `$'${printable(word.replace(/[\\']/g, "\\$&"))}'`;
}
