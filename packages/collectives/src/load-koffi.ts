import { createRequire } from "node:module";
import type Koffi from "koffi";
import { CollectiveError } from "./errors.ts";

/**
 * The package koffi, which calls C libraries.
 *
 * @throws {CollectiveError} `unavailable` where it is not installed or does not run.
 */
export function loadKoffi(purpose: string): typeof Koffi {
  try {
    return createRequire(import.meta.url)("koffi");
  } catch (cause) {
    throw new CollectiveError(
      "unavailable",
      {
        expected: `the package koffi for ${purpose}`,
        but: `it does not load (${oneLine(cause)})`,
        hint: "npm install koffi",
      },
      { cause, data: { package: "koffi" } },
    );
  }
}

/** The first line of an error. */
export function oneLine(error: unknown): string {
  return String((error as Error)?.message ?? error).split("\n", 1)[0]!;
}
