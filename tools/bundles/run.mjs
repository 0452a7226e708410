// The gate check:bundles: builds each app below with each bundler from the built packages, runs it in Chromium, and holds its result, its size
// and the bundler's warnings against what is expected. Names of bundlers and apps choose some: `node tools/bundles/run.mjs esbuild segmenter`.
import { unlessChromium } from "@seg/testing/browser";

if (unlessChromium) console.log(`check:bundles${unlessChromium}`);
else process.exitCode = await (await import("./src/check.mjs")).check(process.argv.slice(2));
