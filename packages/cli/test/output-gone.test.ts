// Where a command's output, its notes or its input go to nothing.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FROM_SOURCE } from "@seg/testing/node";
import { describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../src/bin.ts", import.meta.url));

/** Runs a shell's command in which `seg` is the program, and tells how `seg` ended. */
function shell(command: string) {
  const program = [process.execPath, ...FROM_SOURCE, BIN].map((word) => `'${word}'`).join(" ");
  const script = `set -o pipefail; seg() { ${program} "$@"; echo "ended $?" >&3; }; { ${command}; } 3>&1 >/dev/null`;
  const { stdout, stderr } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
  return { code: Number(/^ended (\d+)$/m.exec(stdout)?.[1]), stderr };
}

const full = existsSync("/dev/full");
const ONE_LINE = /^error: [^\n]+\n$/;

describe.skipIf(!full)(`A command${full ? "" : " (skipped: no /dev/full)"}`, () => {
  it.each([
    ["that lists, whose reader has seen enough,", "seg config --list | true", 0, ""],
    ["that lists onto a full disk", "seg config >/dev/full", 1, /^error: [^\n]*the disk is full[^\n]*\n$/],
    ["that helps onto a full disk", "seg test --help >/dev/full", 1, ONE_LINE],
    ["that fails on a full disk", "seg confg 2>/dev/full", 2, ""],
    ["without a stderr", "seg confg 2>&-", 2, ""],
    ["whose notes nobody reads", "seg confg 2> >(true)", 2, ""],
    ["without a stdout", "seg config >&-", 0, ""],
    ["without an input", "seg config --list <&-", 0, ""],
    ["without any of the three", "seg confg <&- >&- 2>&-", 2, ""],
  ])("%s ends in order", (_, command, code, stderr) => {
    const end = shell(command);
    expect(end.code).toBe(code);
    if (typeof stderr === "string") expect(end.stderr).toBe(stderr);
    else expect(end.stderr).toMatch(stderr);
  });
});
