import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FROM_SOURCE, temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../src/bin.ts", import.meta.url));

const NODE = new URL("../../../node/src/index.ts", import.meta.url);

/** Takes a lock and blocks the program's thread for two minutes once it listens to signals, as a training with steps that take long does. */
const step = (lock: string) => `
const wait = setInterval(async () => {
  if (process.listenerCount("SIGINT") === 0) return;
  clearInterval(wait);
  const { withLock } = await import(${JSON.stringify(NODE.href)});
  await withLock(${JSON.stringify(lock)}, async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.stderr.write("computing\\n");
    for (const end = Date.now() + 120_000; Date.now() < end; );
  });
}, 10);`;

const posix = process.platform !== "win32";
describe.skipIf(!posix)(`A program whose thread computes${posix ? "" : " (skipped: no signals)"}`, () => {
  it.each(["SIGINT", "SIGTERM", "SIGQUIT"] as const)(
    "ends by %s that is sent again, not only when the step is over",
    async (signal) => {
      const lock = join(temporaryFolder(), "lock");
      const preload = ["--import", `data:text/javascript,${encodeURIComponent(step(lock))}`];
      // It waits for a photo.
      const words = [...preload, ...FROM_SOURCE, BIN, "test", "-", "--demo", "--backend", "wasm"];
      const child = spawn(process.execPath, words, { stdio: ["pipe", "ignore", "pipe"] });
      const ended = once(child, "close");
      let stderr = "";
      let sending: NodeJS.Timeout | undefined;
      let wasLocked = false;
      child.stderr.on("data", (text) => {
        stderr += text;
        // The thread that watches may not have begun.
        if (stderr.includes("computing")) {
          wasLocked ||= existsSync(lock);
          sending ??= setInterval(() => child.kill(signal), 500);
        }
      });
      const end = await ended;
      clearInterval(sending);
      expect(end).toEqual([null, "SIGKILL"]);
      expect(stderr).toMatch(/error: interrupted in the midst of a step\n$/);
      expect([wasLocked, existsSync(lock)]).toEqual([true, false]);
    },
    60_000,
  );
});
