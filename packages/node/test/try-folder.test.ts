import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { execArgvFor, tryFolder, writeFileAtomic } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const NEEDS = { longestName: "trainer_epoch_20_iter_5000.safetensors", sizes: [3_000_000, 10] };

it("finds nothing wrong with a folder, and leaves nothing there", async () => {
  const folder = temporaryFolder();
  expect(await tryFolder(folder, { ...NEEDS, file: join(folder, "first") })).toBeUndefined();
  expect(await tryFolder(folder, { ...NEEDS, file: join(folder, "first"), written: 1000 })).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
});

it("has files written in place where the folder refuses renames", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "file");
  writeFileSync(file, "before");
  const inode = () => statSync(file).ino;
  const before = inode();
  const move = async () => {
    throw Object.assign(new Error("ENOTSUP: operation not supported, rename"), { code: "ENOTSUP", syscall: "rename" });
  };
  expect(await tryFolder(folder, { ...NEEDS, file }, { move })).toMatch("ENOTSUP");
  await writeFileAtomic(file, "after");
  // A file that is renamed into its place is another one.
  expect([readFileSync(file, "utf8"), inode()]).toEqual(["after", before]);
  const failed = writeFileAtomic(file, async () => {
    throw new Error("enough");
  });
  await expect(failed).rejects.toThrow("enough");
  expect(readFileSync(file, "utf8")).toBe("after");
  expect(readdirSync(folder)).toEqual(["file"]);
  const elsewhere = join(temporaryFolder(), "file");
  writeFileSync(elsewhere, "before");
  const other = statSync(elsewhere).ino;
  await writeFileAtomic(elsewhere, "after");
  expect(statSync(elsewhere).ino).not.toBe(other);
});

it("finds names that are too long, naming what was to be written and why it cannot", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "first");
  const tried = tryFolder(folder, { file, sizes: [1], longestName: "n".repeat(250) });
  await expect(tried).rejects.toMatchObject({ code: "unwritable", data: { file, systemCode: "ENAMETOOLONG" } });
  await expect(tried).rejects.toThrow(`Expected to write ${file} but the name is too long there: `);
  expect(readdirSync(folder)).toEqual([]);
});

it.skipIf(process.platform === "win32")(
  `finds a limit on files' sizes without writing them${process.platform === "win32" ? " (skipped: no ulimit)" : ""}`,
  () => {
    const folder = temporaryFolder();
    const module = new URL("../src/try-folder.ts", import.meta.url);
    const needs = { file: "first", longestName: "n", sizes: [50_000_000], written: 1000 };
    const script = `import { tryFolder } from ${JSON.stringify(module.href)};
      await tryFolder(${JSON.stringify(folder)}, ${JSON.stringify(needs)}).catch(({ message }) => console.log(message));`;
    const words = [...execArgvFor(module), "--input-type=module", "--eval", script];
    const { stdout } = spawnSync("bash", ["-c", 'ulimit -f 1024; exec "$0" "$@"', process.execPath, ...words], {
      encoding: "utf8",
    });
    expect(stdout).toMatch(/^Expected to write first but files may not become so large there: /);
    expect(readdirSync(folder)).toEqual([]);
  },
);
