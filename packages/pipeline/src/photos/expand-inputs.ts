import { existsSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { DataError } from "@seg/ade20k-data";
import { localPath } from "@seg/node";
import { glob, isDynamicPattern } from "tinyglobby";
import { PipelineError } from "../errors.ts";

const onWindows = process.platform === "win32";

/** The input that stands for one photo's bytes on stdin. */
export const STDIN = "-";

/** Whether an input is the address of a photo elsewhere, about which only its download tells. */
export const isAddress = (input: string): boolean => /^https?:/i.test(input);

/** Inputs that name one thing each, and what went wrong with those that name none. */
export interface ExpandedInputs {
  inputs: string[];
  failures: Error[];
}

/**
 * Inputs as a shell would have handed them on: paths as this system takes them, and in the place of each pattern (`photos/*.jpg`, which
 * Windows' shells pass on and all others in quotes) the files that match, sorted. A file of the pattern's very name wins. Addresses and
 * {@link STDIN} stay as they are.
 */
export async function expandInputs(inputs: readonly string[]): Promise<ExpandedInputs> {
  const expanded: ExpandedInputs = { inputs: [], failures: [] };
  for (const input of inputs) {
    if (typeof input !== "string" || (input === STDIN && expanded.inputs.includes(STDIN))) {
      expanded.failures.push(refused(input));
      continue;
    }
    const path = input === STDIN || isAddress(input) ? input : localPath(input);
    const pattern = onWindows ? path.replaceAll("\\", "/") : path;
    if (path === STDIN || /^(https?|file):/i.test(path) || existsSync(path) || !isDynamicPattern(pattern)) {
      expanded.inputs.push(path);
      continue;
    }
    const found = await glob(pattern, {
      absolute: isAbsolute(path),
      caseSensitiveMatch: !onWindows,
      expandDirectories: false,
      onlyFiles: false,
    });
    const matches = found.map(withoutSlash).filter(isPhotoOrFolder).sort();
    for (const match of matches) expanded.inputs.push(match);
    if (matches.length === 0) expanded.failures.push(noMatch(path));
  }
  return expanded;
}

/** No pipe or device, which a pattern meets by chance; a link that leads nowhere is told of by its reader. */
function isPhotoOrFolder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined || found.isFile() || found.isDirectory();
}

// Folders are found with a slash at their end.
const withoutSlash = (path: string) => path.replace(/(?<=.)\/$/, "");

const refused = (input: unknown) =>
  new PipelineError(
    "option",
    {
      expected: "paths, patterns and addresses of photos, and - once",
      received: input === STDIN ? "- twice" : typeof input,
    },
    { data: { option: "inputs", received: input } },
  );

const noMatch = (pattern: string) =>
  new DataError(
    "not-found",
    {
      expected: `photos at ${pattern}`,
      but: "there is neither such a file nor one that matches",
      hint: "check the path",
    },
    { data: { file: pattern } },
  );
