import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { REQUIRED_OPS } from "../../src/proof/required-ops.ts";
import { recordOf, whatHasChanged, whatIsCut } from "../../src/setup/file-record.ts";
import { changedSinceProof, cutSinceProof, writeProof } from "../../src/setup/prove-addon.ts";

// The digest of "abc" in FIPS 180-2, appendix B.1.
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "seg-record-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, "lib/napi"), { recursive: true });
  mkdirSync(join(dir, "deps/lib"), { recursive: true });
  writeFileSync(join(dir, "big.so"), "abc");
  writeFileSync(join(dir, "lib/napi/addon.node"), "abc");
  symlinkSync("../../big.so", join(dir, "deps/lib/big.so"));
  return dir;
}

it("holds sizes and checksums of all files below, links followed", async () => {
  const file = { size: 3, sha256: ABC };
  expect(await recordOf(folder(), ["lib", "deps/lib", "none"])).toEqual({
    "lib/napi/addon.node": file,
    "deps/lib/big.so": file,
  });
});

it("tells a file that was cut, is gone, or is another one", async () => {
  const dir = folder();
  const record = await recordOf(dir, ["lib", "deps/lib"]);
  expect(await whatHasChanged(dir, record)).toBeUndefined();
  writeFileSync(join(dir, "big.so"), "abd");
  expect(whatIsCut(dir, record)).toBeUndefined();
  expect(await whatHasChanged(dir, record)).toMatch(/big\.so is not what it was$/);
  truncateSync(join(dir, "big.so"), 2);
  expect(whatIsCut(dir, record)).toMatch(/big\.so has 2 bytes and not its 3$/);
  rmSync(join(dir, "big.so"));
  expect(whatIsCut(dir, record)).toMatch(/big\.so is gone$/);
});

it("stands in a proof, by which each start knows a library that was cut; without a proof nobody knows", async () => {
  const dir = folder();
  expect(cutSinceProof(dir)).toBeUndefined();
  await writeProof(dir, { tensorflow: "1", gpu: false, proven: REQUIRED_OPS });
  expect(cutSinceProof(dir)).toBeUndefined();
  expect(await changedSinceProof(dir)).toBeUndefined();
  truncateSync(join(dir, "big.so"), 0);
  expect(cutSinceProof(dir)).toMatch(/big\.so has 0 bytes and not its 3/);
});
