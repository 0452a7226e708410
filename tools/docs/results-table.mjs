import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../release-check/packages.mjs";

/** What `seg reproduce` has measured, in the form of its `--json`; there once somebody has measured it. */
const MEASURED = join(root, "docs/reproduction.json");

/**
 * The original's results table, beside it what was measured with these packages.
 *
 * @returns {Promise<string>} Markdown.
 */
export async function resultsTable() {
  const file = join(root, "packages/pipeline/dist/reproduce/published.js");
  /** @type {typeof import("../../packages/pipeline/src/reproduce/published.ts")} */
  const { PUBLISHED } = await import(pathToFileURL(file).href);
  return tableOf(PUBLISHED, existsSync(MEASURED) ? JSON.parse(readFileSync(MEASURED, "utf8")) : undefined);
}

/**
 * @param {Readonly<Record<string, import("../../packages/pipeline/src/reproduce/published.ts").PublishedRow>>} published
 * @param {import("../../packages/pipeline/src/reproduce/result.ts").Reproduction | undefined} reproduction
 */
export function tableOf(published, reproduction) {
  const here = new Map(reproduction?.comparable ? reproduction.rows.map(({ row, measured }) => [row, measured]) : []);
  /** @type {(scores: { meanIou: number, pixelAccuracy: number } | undefined) => string} */
  const shown = (scores) =>
    scores ? `${scores.meanIou.toFixed(2)} / ${scores.pixelAccuracy.toFixed(2)}` : "not measured";
  const rows = Object.entries(published).map(([row, { singleScale, multiScale }]) => {
    const [one, several] = reproduction?.multiScale ? [undefined, here.get(row)] : [here.get(row), undefined];
    return `| ${row} | ${shown(singleScale)} | ${shown(one)} | ${shown(multiScale)} | ${shown(several)} |`;
  });
  const notes = Object.entries(published).flatMap(([row, { note }]) => (note ? [`${row}: ${note}.`] : []));
  return [
    "| network | one scale, published | here | several scales, published | here |",
    "|---|---|---|---|---|",
    ...rows,
    "",
    ...notes,
  ].join("\n");
}
