import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { FROM_SOURCE } from "@seg/testing/node";
import { expect, it } from "vitest";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const ARGUMENTS = [...FROM_SOURCE, path("../src/bin.ts")];

it("runs as a program of its own, with results on stdout and errors on stderr", async () => {
  const run = (...argv: string[]) =>
    new Promise((ended) =>
      execFile(process.execPath, [...ARGUMENTS, ...argv], (error, stdout, stderr) => {
        ended({ code: error?.code ?? 0, stdout, stderr });
      }),
    );
  expect(await run("config", "--list")).toEqual({ code: 0, stdout: expect.stringContaining("hrnetv2-c1"), stderr: "" });
  expect(await run("confg")).toEqual({ code: 2, stdout: "", stderr: expect.stringMatching(/^error: [^\n]+\n$/) });
});

it("does not mind a reader that has seen enough", async () => {
  const child = spawn(process.execPath, [...ARGUMENTS, "config"], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  child.stdout.destroy();
  expect(await once(child, "close")).toEqual([0, null]);
  expect(stderr).toBe("");
});

it("ends with 130 when interrupted", async () => {
  const child = spawn(process.execPath, [...ARGUMENTS, "doctor"], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "close");
  let stderr = "";
  let interrupted = false;
  child.stderr.on("data", (text) => {
    stderr += text;
    // Once: a second signal ends it where it stands.
    if (!interrupted && stderr.includes("measuring")) interrupted = child.kill("SIGINT");
  });
  expect(await ended).toEqual([130, null]);
  expect(stderr).toMatch(/error: interrupted\n$/);
});
