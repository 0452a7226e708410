import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DEMO_PHOTO } from "@seg/pipeline/config";
import { FROM_SOURCE, temporaryFolder } from "@seg/testing/node";
import sharp from "sharp";
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

it("segments the photo on stdin, and says so where none comes", async () => {
  const folder = temporaryFolder();
  const argv = [...ARGUMENTS, "test", "-", "--demo", "--backend", "wasm", "--quiet", "--result", folder];
  const withInput = async (input: Uint8Array | string) => {
    const child = spawn(process.execPath, argv, { stdio: ["pipe", "pipe", "pipe"] });
    const ended = once(child, "close");
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => {
      stdout += text;
    });
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.stdin.end(input);
    return { code: (await ended)[0], stdout, stderr };
  };
  const small = await sharp(DEMO_PHOTO).resize(64).png().toBuffer();
  expect(await withInput(small)).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^Predictions in \[-\]:/),
    stderr: "",
  });
  expect(readdirSync(folder).sort()).toEqual(["stdin_labels.png", "stdin_overlay.png"]);
  const refused = { code: 2, stdout: "", stderr: expect.stringMatching(/^error: [^\n]*stdin[^\n]*\n$/) };
  expect(await withInput("")).toEqual(refused);
});
