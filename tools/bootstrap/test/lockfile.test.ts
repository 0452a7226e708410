import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const lockfile = readFileSync(new URL("../../../pnpm-lock.yaml", import.meta.url), "utf8");

// pnpm leaves out what it could not ask about when it wrote the file; then the first command fails on those systems, and only there.
it.each([
  "@turbo/darwin-arm64",
  "@turbo/darwin-64",
  "@turbo/linux-arm64",
  "@turbo/windows-64",
  "@img/sharp-darwin-arm64",
  "@img/sharp-win32-x64",
  "@rolldown/binding-darwin-arm64",
  "@rolldown/binding-win32-x64-msvc",
  "@biomejs/cli-darwin-arm64",
  "@biomejs/cli-win32-x64",
  "@koromix/koffi-darwin-arm64",
  "@koromix/koffi-win32-x64",
])("the lockfile holds %s", (name) => {
  expect(lockfile).toContain(`\n  '${name}@`);
});
