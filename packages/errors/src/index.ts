export { type Explanation, explain, isSegError, markSegError, SegError, type SegErrorOptions } from "./error.ts";
export { nearest, suggestion } from "./nearest.ts";
export { type MakeError, refuseUnknownOptions } from "./options.ts";
export { isOutOfMemory } from "./out-of-memory.ts";
export { printable, shorten, shown } from "./printable.ts";
export { shownUrl } from "./shown-url.ts";
