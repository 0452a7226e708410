import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { isUnchanged, sha256 } from "../../src/weights/verify.ts";

// The digest of "abc" in FIPS 180-2, appendix B.1.
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

it("is SHA-256", async () => {
  expect(await sha256(join(temporaryFolder({ a: "abc" }), "a"))).toBe(ABC);
});

it("is remembered on first use and held against the file later", async () => {
  const path = join(temporaryFolder({ a: "abc" }), "a");
  expect(await isUnchanged(path)).toBe(true);
  expect(readFileSync(`${path}.sha256`, "utf8")).toBe(`${ABC}  a\n`);
  expect(await isUnchanged(path)).toBe(true);
  writeFileSync(path, "abd");
  expect(await isUnchanged(path)).toBe(false);
});
