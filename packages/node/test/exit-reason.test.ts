import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { exitReason, forwardStderr, stderrTail } from "../src/index.ts";

describe("exitReason", () => {
  it.each([
    [1, null, "", "ended with code 1"],
    [1, null, "a\nError: b\n", "ended with code 1 (Error: b)"],
    [null, "SIGSEGV", "", "was killed by SIGSEGV"],
    [null, "SIGKILL", "", "was killed by SIGKILL, as the system does when memory runs out"],
    [
      null,
      "SIGABRT",
      "FATAL ERROR: JavaScript heap out of memory\n 1: 0xf7a901 [node]\n",
      "ran out of memory, that of JavaScript: NODE_OPTIONS=--max-old-space-size=MEGABYTES gives it more",
    ],
    [
      1,
      null,
      "file:///a.js:1\n^\n\nTypeError: a is not a function\n    at b (c:1)\n\nNode.js v20.20.2\n",
      "ended with code 1 (TypeError: a is not a function)",
    ],
    [134, null, "terminate called after throwing an instance of 'std::bad_alloc'", "ran out of memory"],
  ] as const)("tells of code %s, signal %s, %j", (code, signal, stderr, cause) => {
    expect(exitReason({ code, signal, stderr })).toBe(cause);
  });
});

describe("stderrTail", () => {
  it("keeps the end of stderr, in whole characters", async () => {
    const script = `for (const part of ["x".repeat(9000), "ü", "é\\n"]) process.stderr.write(part);`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "ignore", "pipe"] });
    const tail = stderrTail(child);
    await once(child, "close");
    expect(tail()).toHaveLength(4096);
    expect(tail()).toMatch(/^x+üé\n$/);
  });

  it("is empty for a process whose stderr is not piped", async () => {
    const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
    const tail = stderrTail(child);
    await once(child, "close");
    expect(tail()).toBe("");
  });
});

describe("forwardStderr", () => {
  it.each([
    ["throw new Error('x')", "one\ntwo"],
    ["const all = []; for (;;) all.push(new Array(1000).fill(1.5))", "one\ntwo"],
    ["process.stderr.write(' and more')", "one\ntwo and more"],
  ])("passes on what a child says, but not the report of its end: %s", async (end, expected) => {
    const script = `process.stderr.write("one\\ntwo"); setTimeout(() => { ${end} }, 100);`;
    const argv = [
      "--max-old-space-size=20",
      "-e",
      end.startsWith("process") ? script : script.replace('two"', 'two\\n"'),
    ];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    forwardStderr(child, (more) => {
      text += more;
    });
    await once(child, "close");
    expect(text.trim()).toBe(expected);
  });
});
