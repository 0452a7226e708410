import { readFileSync } from "node:fs";

/** The original implementation's values in a file of the folder `reference`, whose README describes them. */
export function reference<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../reference/${name}`, import.meta.url), "utf8")) as T;
}
