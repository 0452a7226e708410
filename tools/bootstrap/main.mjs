import { join } from "node:path";
import { BootstrapError, capture, exec, root } from "./child.mjs";
import { install } from "./install.mjs";

/** What `pnpm check` runs once everything is built: root scripts and, for check:package, a script of each package. */
const GATES = [
  "style",
  "types",
  "unused",
  "docs",
  "changes",
  "architectures",
  "metadata",
  "package",
  "bundles",
  "release",
].map((gate) => `check:${gate}`);

/**
 * The repository's commands, run once the packages are installed. Each gives its exit code.
 *
 * @type {Record<string, (args: string[]) => Promise<number>>}
 */
const COMMANDS = {
  install: async () => 0,
  build: () => build(),
  demo: async (args) => (await build()) || exec([join(root, "packages/cli/dist/bin.js"), "demo", ...args]),
  docs: async (args) => (await build()) || exec([join(root, "tools/docs/main.mjs"), ...args]),
  // The tests read the sources: nothing is built for them.
  test: (args) => test(["--exclude", "**/*.campaign.test.ts", ...args]),
  "test:all": (args) => test(args),
  check: async (args) =>
    (await build()) ||
    exec([turbo, "run", ...GATES, "--continue", "--output-logs=errors-only", "--log-order=grouped", ...args], {
      cwd: root,
    }),
};

const turbo = join(root, "node_modules/turbo/bin/turbo");

/** @param {string[]} args - For vitest. */
const test = (args) => exec([join(root, "node_modules/vitest/vitest.mjs"), "run", ...args], { cwd: root });

/** Compiles the packages that changed; a fifth of a second when none did, and silent then. */
async function build() {
  const notice = setTimeout(() => console.error("Building the packages ..."), 1000);
  const { code, output } = await capture(process.execPath, [turbo, "run", "build", "--output-logs=errors-only"]);
  clearTimeout(notice);
  if (code !== 0) console.error(output.trimEnd());
  return code;
}

/**
 * Runs one of the repository's commands and leaves its exit code: 0 done, 1 failed, 2 wrong usage, or the child's own.
 *
 * @param {string[]} argv - The command's name, then its own arguments.
 */
export async function main([name = "", ...args]) {
  try {
    const command = Object.hasOwn(COMMANDS, name) && COMMANDS[name];
    if (!command) {
      throw new BootstrapError(`Expected one of ${Object.keys(COMMANDS).join(", ")} but received "${name}".`, 2);
    }
    await install();
    process.exitCode = await command(args);
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    console.error(error.message);
    process.exitCode = error.exitCode;
  }
}
