import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { BackendError, type BackendErrorCode } from "../errors.ts";
import { run } from "./run.ts";

/** The programs that building the addon needs, found. */
export interface Tools {
  /** A Python, for pip, for unpacking wheels and for node-gyp. */
  python: string;
  /** Its version: `3.12`. */
  pythonVersion: string;
  /** The path of node-gyp's `bin/node-gyp.js`. */
  nodeGyp: string;
}

function missing(code: BackendErrorCode, what: string, debian: string, fedora: string): BackendError {
  return new BackendError(
    code,
    `${what}: install it (Debian, Ubuntu: apt install ${debian}; Fedora: dnf install ${fedora}), then run this again.`,
  );
}

/**
 * Looks for Python, make, a C++ compiler and node-gyp, in that order, and fails on the first that is missing.
 * @throws {BackendError} `python-missing`, `make-missing`, `compiler-missing` or `node-gyp-missing`.
 */
export async function findTools(signal?: AbortSignal): Promise<Tools> {
  const { python, pythonVersion } = await findPython(signal);
  if (!(await works("make", ["--version"], signal)))
    throw missing("make-missing", "make was not found", "make", "make");
  const compiler = process.env.CXX ?? "g++";
  if (!(await works(compiler, ["--version"], signal))) {
    throw missing("compiler-missing", `The C++ compiler ${compiler} was not found`, "g++", "gcc-c++");
  }
  const nodeGyp = findNodeGyp();
  if (!nodeGyp) {
    throw new BackendError(
      "node-gyp-missing",
      "node-gyp was not found: install npm, which brings it, and run this again.",
    );
  }
  return { python, pythonVersion, nodeGyp };
}

/** @throws {BackendError} `pip-missing` */
export async function requirePip(python: string, signal?: AbortSignal): Promise<void> {
  if (await works(python, ["-m", "pip", "--version"], signal)) return;
  throw missing("pip-missing", `${python} has no pip`, "python3-pip", "python3-pip");
}

async function findPython(signal?: AbortSignal): Promise<{ python: string; pythonVersion: string }> {
  for (const python of [process.env.PYTHON, "python3", "python"]) {
    if (!python) continue;
    const script = "import sys; print('%d.%d' % sys.version_info[:2])";
    const found = await run(python, ["-c", script], { signal }).catch(ignoreAbsent);
    if (found?.code === 0 && found.stdout.startsWith("3.")) return { python, pythonVersion: found.stdout.trim() };
  }
  throw missing("python-missing", "Python 3 was not found", "python3 python3-pip", "python3 python3-pip");
}

async function works(command: string, args: string[], signal?: AbortSignal): Promise<boolean> {
  return (await run(command, args, { signal }).catch(ignoreAbsent))?.code === 0;
}

/** A program that is not there, or may not be run, is no program; anything else (an abort) goes on. */
function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "EACCES") throw error;
}

/** node-gyp as the environment names it, as npm beside this Node brings it, or as the `npm` on the PATH does. */
function findNodeGyp(): string | undefined {
  const npm = (process.env.PATH ?? "").split(delimiter).map((dir) => join(dir, "npm"));
  const besideNode = join(dirname(dirname(process.execPath)), "lib/node_modules/npm/bin/npm-cli.js");
  const fromNpm = [besideNode, ...npm].filter(existsSync).map((cli) => {
    try {
      const manifest = createRequire(realpathSync(cli)).resolve("node-gyp/package.json");
      return join(dirname(manifest), "bin/node-gyp.js");
    } catch {
      return undefined;
    }
  });
  return [process.env.npm_config_node_gyp, ...fromNpm].find((path) => path !== undefined && existsSync(path));
}
