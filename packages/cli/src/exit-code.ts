import { CommanderError } from "commander";

/** How a command ends. */
export const EXIT = { DONE: 0, FAILED: 1, USAGE: 2, MISSING: 3, INTERRUPTED: 130 } as const;

// Codes of all packages' errors that are not just "failed" (1).
const BY_CODE: Readonly<Record<string, number>> = {
  usage: EXIT.USAGE,
  config: EXIT.USAGE,
  "bad-classes": EXIT.USAGE,
  "unknown-engine": EXIT.USAGE,
  features: EXIT.USAGE,
  missing: EXIT.MISSING,
  "not-found": EXIT.MISSING,
  "no-images": EXIT.MISSING,
  "download-failed": EXIT.MISSING,
  interrupted: EXIT.INTERRUPTED,
};

/** The exit code for an error that ended a command; `interrupted` tells that the user wanted it so. */
export function exitCodeOf(error: unknown, interrupted = false): number {
  if (interrupted) return EXIT.INTERRUPTED;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.DONE : EXIT.USAGE;
  const code = (error as { code?: unknown } | null)?.code;
  return (typeof code === "string" && BY_CODE[code]) || EXIT.FAILED;
}

/** What the user is told of the error: one line. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error && error.message ? error.message : String(error);
  return message
    .replace(/^error: /, "")
    .split(/\s*\n\s*/)
    .filter(Boolean)
    .join(" ");
}
