import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { npm } from "../npm.mjs";

it("starts the npm that runs the script", () => {
  const env = { npm_execpath: "/opt/npm/bin/npm-cli.js" };
  expect(npm({ env, platform: "linux", execPath: "/bin/node" })).toEqual(["/bin/node", "/opt/npm/bin/npm-cli.js"]);
  expect(npm({ env: { npm_execpath: "/opt/pnpm.cjs" }, platform: "darwin", execPath: "/bin/node" })).toEqual(["npm"]);
});

it("starts the one beside Node on Windows, where the one on the PATH wants a shell", () => {
  const folder = mkdtempSync(join(tmpdir(), "nodejs-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cli = join(folder, "node_modules/npm/bin/npm-cli.js");
  mkdirSync(dirname(cli), { recursive: true });
  writeFileSync(cli, "");
  const execPath = join(folder, "node.exe");
  expect(npm({ env: {}, platform: "win32", execPath })).toEqual([execPath, cli]);
  expect(npm({ env: {}, platform: "linux", execPath })).toEqual(["npm"]);
});
