import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { causeOfDeath, lastWords } from "../src/index.ts";

describe("causeOfDeath", () => {
  it.each([
    [1, null, "", "ended with code 1"],
    [1, null, "a\nError: b\n", "ended with code 1 (Error: b)"],
    [null, "SIGSEGV", "", "was killed by SIGSEGV"],
    [null, "SIGKILL", "", "was killed by SIGKILL, as the system does when memory runs out"],
    [null, "SIGABRT", "FATAL ERROR: JavaScript heap out of memory\n", "ran out of memory"],
    [134, null, "terminate called after throwing an instance of 'std::bad_alloc'", "ran out of memory"],
  ] as const)("tells of code %s, signal %s, %j", (code, signal, stderr, cause) => {
    expect(causeOfDeath({ code, signal, stderr })).toBe(cause);
  });
});

describe("lastWords", () => {
  it("keeps the end of what a process says, whole characters", async () => {
    const script = `for (const part of ["x".repeat(9000), "ü", "é\\n"]) process.stderr.write(part);`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "ignore", "pipe"] });
    const said = lastWords(child);
    await once(child, "close");
    expect(said()).toHaveLength(4096);
    expect(said()).toMatch(/^x+üé\n$/);
  });

  it("is silent about a process whose stderr goes elsewhere", async () => {
    const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
    const said = lastWords(child);
    await once(child, "close");
    expect(said()).toBe("");
  });
});
