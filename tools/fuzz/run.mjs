#!/usr/bin/env node
// Plain JavaScript, because it is what lets Node load the rest.
import "../testing/src/from-source.mjs";

process.stdout.on("error", () => process.exit(1));
const { main } = await import("./src/main.ts");
process.exitCode = await main(process.argv.slice(2));
