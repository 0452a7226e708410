#!/usr/bin/env node
// The first file that runs on a fresh machine. It stays in syntax that old versions of Node can read, so that they too
// answer with one clear line.
import { readFileSync } from "node:fs";

const required = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).engines.node.slice(2);

if (isOlder(process.versions.node, required)) {
  console.error(
    `Expected Node ${required} or newer but this is ${process.versions.node}: install a current Node (npm comes with it).`,
  );
  process.exit(1);
} else {
  import("./main.mjs").then(({ main }) => main(process.argv.slice(2)));
}

/**
 * Whether version `a` comes before version `b`.
 *
 * @param {string} a - Dotted numbers, such as 20.19.
 * @param {string} b
 */
function isOlder(a, b) {
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  const at = right.findIndex((part, i) => part !== (left[i] || 0));
  return (left[at] || 0) < (right[at] || 0);
}
