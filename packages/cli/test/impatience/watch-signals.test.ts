import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { FROM_SOURCE } from "@seg/testing/node";
import { describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../src/bin.ts", import.meta.url));

/** Blocks the program's thread for two minutes once it listens to signals, as a step of an engine does. */
const STEP = `
const wait = setInterval(() => {
  if (process.listenerCount("SIGINT") === 0) return;
  clearInterval(wait);
  setTimeout(() => {
    process.stderr.write("computing\\n");
    for (const end = Date.now() + 120_000; Date.now() < end; );
  }, 50);
}, 10);`;

const posix = process.platform !== "win32";
describe.skipIf(!posix)(`A program whose thread computes${posix ? "" : " (skipped: no signals)"}`, () => {
  it.each(["SIGINT", "SIGTERM", "SIGQUIT"] as const)(
    "ends by %s that is sent again, not only when the step is over",
    async (signal) => {
      const preload = ["--import", `data:text/javascript,${encodeURIComponent(STEP)}`];
      // It waits for a photo.
      const words = [...preload, ...FROM_SOURCE, BIN, "test", "-", "--demo", "--backend", "wasm"];
      const child = spawn(process.execPath, words, { stdio: ["pipe", "ignore", "pipe"] });
      const ended = once(child, "close");
      let stderr = "";
      let sending: NodeJS.Timeout | undefined;
      child.stderr.on("data", (text) => {
        stderr += text;
        // The thread that watches may not have begun.
        if (stderr.includes("computing")) sending ??= setInterval(() => child.kill(signal), 500);
      });
      const end = await ended;
      clearInterval(sending);
      expect(end).toEqual([null, "SIGKILL"]);
      expect(stderr).toMatch(/error: interrupted in the midst of a step\n$/);
    },
    60_000,
  );
});
