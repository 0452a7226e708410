// Run as a process of its own: decodes the files named on its command line, one after the other, and prints what became of them and of memory.

import { readFileSync } from "node:fs";
import { decodeImage } from "../../src/decode-image.ts";

/** The most memory that this process has held, in bytes; Linux only. */
const peak = () => 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);

const [first, ...files] = process.argv.slice(2);
// What loads libraries does not count.
await decodeImage(first!);
const before = peak();
const results: Record<string, string> = {};
for (const file of files) {
  results[file] = await decodeImage(file).then(
    ({ width, height, data }) => `${width}×${height}, ${data.every((value) => value === 0) ? "black" : "coloured"}`,
    (error) => `${error.name} ${error.code}: ${error.message}`,
  );
}
process.stdout.write(JSON.stringify({ results, grown: peak() - before }));
