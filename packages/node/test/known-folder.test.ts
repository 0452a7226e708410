import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { knowFolder, withLock } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const LOCK = ".lock";

/** Whether the folder is still known after something was done to it while its lock is held. */
async function after(change: (folder: string) => void | Promise<void>): Promise<boolean> {
  const folder = join(temporaryFolder(), "own");
  return withLock(join(folder, LOCK), async () => {
    const isThere = await knowFolder(folder, LOCK);
    await change(folder);
    return isThere();
  });
}

it("a folder is known again whatever is written into it, and though its lock was removed by hand", async () => {
  expect(await after((folder) => writeFileSync(join(folder, "file"), ""))).toBe(true);
  expect(await after((folder) => rmSync(join(folder, LOCK)))).toBe(true);
});

it("one that was moved, deleted, replaced, or taken by another is not", async () => {
  const moved = (folder: string) => renameSync(folder, `${folder}-moved`);
  expect(await after(moved)).toBe(false);
  expect(await after((folder) => rmSync(folder, { recursive: true }))).toBe(false);
  const replaced = (folder: string) => {
    moved(folder);
    mkdirSync(folder);
  };
  expect(await after(replaced)).toBe(false);
  const filed = (folder: string) => {
    moved(folder);
    writeFileSync(folder, "");
  };
  expect(await after(filed)).toBe(false);
  const taken = async (folder: string) => {
    rmSync(join(folder, LOCK));
    await withLock(join(folder, LOCK), () => cpSync(join(folder, LOCK), join(folder, "kept")));
    renameSync(join(folder, "kept"), join(folder, LOCK));
  };
  expect(await after(taken)).toBe(false);
});
