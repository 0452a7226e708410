import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npm } from "../bootstrap/npm.mjs";
import { publishable, root } from "./packages.mjs";

const PNPM = [process.execPath, join(root, ".cache/pnpm/node_modules/pnpm/bin/pnpm.cjs")];

/** @typedef {{ stdout: string, stderr: string }} Printed - What a program printed. */

/**
 * Does something in an empty project with the packages installed by npm from their tarballs, as a user gets them; then the project
 * goes. A failure is printed and leaves exit code 1.
 *
 * @param {Record<string, string>} others - What else is installed: names and versions.
 * @param {(folder: string) => void | Promise<void>} use
 */
export async function inEmptyProject(others, use) {
  const folder = mkdtempSync(join(tmpdir(), "release-check-"));
  try {
    install(folder, others);
    await use(folder);
  } catch (error) {
    const { message, stdout = "", stderr = "" } = /** @type {Error & Partial<Printed>} */ (error);
    console.error(
      [message, stdout, stderr]
        .map((text) => text.trim())
        .filter(Boolean)
        .join("\n"),
    );
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @param {Record<string, string>} others
 */
function install(folder, others) {
  const packages = publishable();
  const tarballs = Object.fromEntries(
    packages.map((one) => {
      const { stdout } = run([...PNPM, "pack", "--json", "--pack-destination", folder], one.folder);
      return [one.manifest.name, `file:${JSON.parse(stdout).filename}`];
    }),
  );
  const peers = packages.flatMap(({ manifest }) =>
    Object.entries(manifest.peerDependencies ?? {}).filter(
      ([name]) => !manifest.peerDependenciesMeta?.[name]?.optional,
    ),
  );
  const dependencies = { ...Object.fromEntries(peers), ...others, ...tarballs };
  // Without overrides npm would look in the registry for what the packages need of one another.
  const overrides = Object.fromEntries(Object.keys(tarballs).map((name) => [name, `$${name}`]));
  const manifest = { private: true, type: "module", dependencies, overrides };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  const options = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  run([...npm(), "install", ...options], folder);
}

/**
 * Runs a program to its end.
 *
 * @param {string[]} words - The program and its arguments.
 * @param {string} cwd
 * @returns {Printed}
 * @throws An error with what it printed, unless its exit code is 0.
 */
export function run([command, ...args], cwd) {
  const { status, signal, stdout, stderr, error } = spawnSync(/** @type {string} */ (command), args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (error) throw error;
  if (status === 0) return { stdout, stderr };
  const said = `Expected ${[command, ...args].join(" ")} to end with exit code 0 but it ended with ${signal ?? status}.`;
  throw Object.assign(new Error(said), { stdout, stderr });
}
