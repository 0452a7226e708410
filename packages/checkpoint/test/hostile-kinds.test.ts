import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { memoryOf } from "./helpers/memory.ts";
import { outcome } from "./helpers/outcome.ts";
import { temporaryFolder } from "./helpers/temporary.ts";
import { HOSTILE } from "./support/hostile.ts";
import { dice } from "./support/mutate.ts";

describe("files made to hurt", () => {
  it.each(HOSTILE)("$name: twenty of them are refused in one line, or read whole", async ({ build, isRefused }) => {
    const roll = dice(7);
    const path = join(temporaryFolder(), "file");
    let longest = 0;
    const taken = await memoryOf(async () => {
      for (let i = 0; i < 20; i++) {
        const file = build(roll, 1000);
        longest = Math.max(longest, file.length);
        writeFileSync(path, file);
        const result = await outcome(path);
        if (isRefused) expect(result, `number ${i}`).not.toBe("read");
      }
    });
    expect(taken).toBeLessThan(longest * 3 + 200e6);
  });
});
