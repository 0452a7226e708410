import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { execArgvFor } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Runs a script that ends in the midst of its writing; gives what it saw in the folder then, and what is there afterwards. */
function ending(write: string) {
  const folder = temporaryFolder();
  const module = new URL("../src/index.ts", import.meta.url);
  const script = `
    import { existsSync, readdirSync, statSync } from "node:fs";
    import { setTimeout as sleep } from "node:timers/promises";
    import { tryFolder, writeFileAtomic, writeFolderAtomic } from ${JSON.stringify(module.href)};
    const folder = ${JSON.stringify(folder)};
    const end = () => { console.log(JSON.stringify(readdirSync(folder))); process.exit(); };
    ${write}`;
  const words = [...execArgvFor(module), "--input-type=module", "--eval", script];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  expect(stderr).toBe("");
  return { seen: JSON.parse(stdout) as string[], left: readdirSync(join(folder)) };
}

it.each([
  ["a file", `await writeFileAtomic(folder + "/file", async (file) => { await file.write("half"); end(); });`],
  ["a folder", `await writeFolderAtomic(folder + "/folder", async () => end());`],
  [
    "a folder's trial",
    `setInterval(() => readdirSync(folder).length > 2 && end(), 0);
    await tryFolder(folder, { file: "first", longestName: "name", sizes: Array(1000).fill(3e6) });`,
  ],
])("a process that ends in the midst of %s leaves no draft, and what it was writing was hidden", (_, write) => {
  const { seen, left } = ending(write);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter((name) => !name.startsWith("."))).toEqual([]);
  expect(left).toEqual([]);
});
