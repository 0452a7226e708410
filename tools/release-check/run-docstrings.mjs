// Runs the examples of one package's docstrings, `examples.json` in the folder that is named, one after the other in this process.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const folder = process.argv[2] ?? ".";
/** @type {{ place: string, file: string, prints: string[] }[]} */
const examples = JSON.parse(readFileSync(join(folder, "examples.json"), "utf8"));
for (const { place, file, prints } of examples) {
  /** @type {string[]} */
  const printed = [];
  console.log = (...values) => printed.push(format(...values));
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    console.error(`${place}: the example failed.`, error);
    process.exitCode = 1;
  }
  if (printed.join("\n") !== prints.join("\n")) {
    console.error(
      `${place}: Expected the example to print\n${prints.join("\n")}\nbut it printed\n${printed.join("\n")}`,
    );
    process.exitCode = 1;
  }
}
process.exit();
