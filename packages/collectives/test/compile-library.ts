import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** The system's C compiler, or undefined. */
export const compiler = ["cc", "gcc", "clang"].find((name) => spawnSync(name, ["--version"]).status === 0);

/** Compiles C to a shared library in `folder` and returns its path. */
export function compileLibrary(folder: string, code: string): string {
  const source = join(folder, "library.c");
  const library = join(folder, "library.so");
  writeFileSync(source, code);
  execFileSync(compiler!, ["-shared", "-fPIC", "-o", library, source]);
  return library;
}
