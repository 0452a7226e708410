import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
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
  const folder = await mkdtemp(join(tmpdir(), "release-check-"));
  try {
    await install(folder, others);
    await use(folder);
  } catch (error) {
    const { message, stdout = "", stderr = "" } = /** @type {Error & Partial<Printed>} */ (error);
    console.error(
      [message, stdout, stderr]
        .map((said) => said.trim())
        .filter(Boolean)
        .join("\n"),
    );
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @param {Record<string, string>} others
 */
async function install(folder, others) {
  const pack = ["--recursive", "--filter", "./packages/*", "pack", "--json", "--pack-destination", folder];
  const { stdout } = await run([...PNPM, ...pack], root);
  /** @type {{ name: string, filename: string }[]} */
  const packed = JSON.parse(stdout);
  const tarballs = Object.fromEntries(packed.map(({ name, filename }) => [name, `file:${filename}`]));
  const peers = publishable().flatMap(({ manifest }) =>
    Object.entries(manifest.peerDependencies ?? {}).filter(
      ([name]) => !manifest.peerDependenciesMeta?.[name]?.optional,
    ),
  );
  const dependencies = { ...Object.fromEntries(peers), ...others, ...tarballs };
  // Without overrides npm would look in the registry for what the packages need of one another.
  const overrides = Object.fromEntries(Object.keys(tarballs).map((name) => [name, `$${name}`]));
  const manifest = { private: true, type: "module", dependencies, overrides };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  const options = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await run([...npm(), "install", ...options], folder);
}

/**
 * Runs a program to its end; one that hangs is ended after ten minutes.
 *
 * @param {string[]} words - The program and its arguments.
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Printed>}
 * @throws An error with what it printed, unless its exit code is 0.
 */
export async function run([command = "", ...args], cwd, env = process.env) {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: 600_000 });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (code === 0) return { stdout, stderr };
  const said = `Expected ${[command, ...args].join(" ")} to end with exit code 0 but it ended with ${signal ?? code}.`;
  throw Object.assign(new Error(said), { stdout, stderr });
}
