import * as web from "../../src/index.ts";

// What the tests' functions find in the page.
Object.assign(globalThis, { web });
