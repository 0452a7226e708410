import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DEMO_PHOTO } from "@seg/pipeline/config";
import { FROM_SOURCE } from "@seg/testing/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { runSeg } from "../run-seg.ts";

const BIN = fileURLToPath(new URL("../../src/bin.ts", import.meta.url));

/** `seg serve` in a process of its own; its lines, its address once it listens, and how it ended. */
async function serving(...words: string[]) {
  const child = spawn(process.execPath, [
    ...FROM_SOURCE,
    BIN,
    "serve",
    "--demo",
    "--port",
    "0",
    "--workers",
    "1",
    ...words,
  ]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const lines: string[] = [];
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const address = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      const [url] = /http:\/\/[\d.:]+/.exec(line) ?? [];
      if (url) resolve(url);
    });
    void ended.then(() => reject(new Error(stderr)));
  });
  return { child, url: await address, ended, lines, stderr: () => stderr };
}

describe("seg serve", () => {
  it("prints its address, logs requests, and ends with 0 when it is asked to", async () => {
    const { child, url, ended, lines, stderr } = await serving();
    expect(lines).toEqual([`Listening on ${url}`]);
    const headers = { "content-type": "image/jpeg" };
    const answer = await fetch(`${url}/v1/segment?sizes=64`, {
      method: "POST",
      body: readFileSync(DEMO_PHOTO),
      headers,
    });
    expect(answer.status).toBe(200);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(stderr()).toMatch(/^POST \/v1\/segment \(\d+ bytes\): 200, \d+ ms$/m);
    expect(stderr()).not.toMatch(/warning|error/);
  });

  it("prints a JSON object for each thing that happens, and warns where others can reach it", async () => {
    const { child, url, ended, lines, stderr } = await serving("--json", "--quiet", "--host", "0.0.0.0");
    await fetch(`${url}/healthz`);
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    const events = lines.map((line) => JSON.parse(line) as { type: string });
    expect(events.map(({ type }) => type)).toEqual(["ready", "listening", "request"]);
    expect(events[2]).toMatchObject({ method: "GET", path: "/healthz", status: 200 });
    expect(stderr()).toMatch(
      /^warning: Whoever reaches 0\.0\.0\.0 may use this service: it asks for no password\.[^\n]*\n$/,
    );
  });

  it("says in a line which port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await runSeg(["serve", "--demo", "--port", String(port)]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^error: Expected port ${port} of 127.0.0.1 to be free but [^\\n]*--port 0[^\\n]*\\n$`),
    );
  });

  it.each([
    ["--port", "65536"],
    ["--port", "x"],
    ["--workers", "0"],
    ["--cors", "example.org"],
    ["--allow-host", "a/b"],
  ])("refuses %s %s", async (flag, value) => {
    const { code, stderr } = await runSeg(["serve", "--demo", "--port", "0", flag, value]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: Expected [^\n]*\n$/)]);
  });
});
