import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { startProcess } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Numbers in [0, 1), the same each time (a linear congruence, Numerical Recipes' constants). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

it("never lets two processes in while others are killed and stopped at random moments, and leaves nothing in the end", async () => {
  const folder = temporaryFolder();
  const [lock, file] = [join(folder, "lock"), join(folder, "count")];
  writeFileSync(file, "0");
  const random = seeded(7);
  const module = new URL("fixtures/hold-lock.ts", import.meta.url);
  const life = async () => {
    const child = startProcess(module, [lock, "100000", file]);
    const ended = once(child, "exit");
    await Promise.race([once(child, "message"), ended]);
    await sleep(100 * random());
    child.kill("SIGSTOP");
    await sleep(100 * random());
    child.kill("SIGCONT");
    await sleep(100 * random());
    child.kill("SIGKILL");
    expect(await ended).toEqual([null, "SIGKILL"]);
  };
  for (let round = 0; round < 12; round++) await Promise.all(Array.from({ length: 4 }, life));
  const counted = Number(readFileSync(file, "utf8"));
  expect(counted).toBeGreaterThan(0);
  const last = startProcess(module, [lock, "1", file]);
  expect((await once(last, "exit"))[0]).toBe(0);
  expect(Number(readFileSync(file, "utf8"))).toBe(counted + 1);
  expect(readdirSync(folder).filter((name) => !name.endsWith(".tmp"))).toEqual(["count"]);
});
