import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { exitReason, stderrTail } from "../src/index.ts";

describe("exitReason", () => {
  it.each([
    [1, null, "", "ended with code 1"],
    [1, null, "a\nError: b\n", "ended with code 1 (Error: b)"],
    [null, "SIGSEGV", "", "was killed by SIGSEGV"],
    [null, "SIGKILL", "", "was killed by SIGKILL, as the system does when memory runs out"],
    [null, "SIGABRT", "FATAL ERROR: JavaScript heap out of memory\n", "ran out of memory"],
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
