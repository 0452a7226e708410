// Vitest hands its `import` condition to Node's `require` as well, which then gives yazl its checksum package as an ES module,
// wrapped in a namespace. Unwrapped here, before yazl is loaded; without that condition this does nothing.
import { createRequire } from "node:module";

const CHECKSUM = "buffer-crc32";
const require = createRequire(createRequire(import.meta.url).resolve("yazl"));
const checksum = require(CHECKSUM);
if (checksum.default) require.cache[require.resolve(CHECKSUM)]!.exports = checksum.default;
