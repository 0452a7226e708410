import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { BackendError, type BackendErrorCode } from "../errors.ts";
import { run } from "./run-program.ts";

/** The programs that building the addon needs, found. */
export interface Tools {
  platform: string;
  /** A Python, for pip, for unpacking wheels and for node-gyp. */
  python: string;
  /** The path of node-gyp's `bin/node-gyp.js`. */
  nodeGyp: string;
}

/** How each kind of system installs a program. */
type Ways = Record<"debian" | "fedora" | "macos", string>;

const PYTHON: Ways = {
  debian: "apt install python3 python3-pip",
  fedora: "dnf install python3 python3-pip",
  macos: "brew install python",
};
const PIP: Ways = {
  debian: "apt install python3-pip",
  fedora: "dnf install python3-pip",
  macos: "brew install python",
};
const MAKE: Ways = {
  debian: "apt install make",
  fedora: "dnf install make",
  macos: "xcode-select --install",
};
const COMPILER: Ways = {
  debian: "apt install g++",
  fedora: "dnf install gcc-c++",
  macos: "xcode-select --install",
};

/** The command that installs a program here, if this kind of system is known. */
export function installCommand(ways: Ways, platform: string, osRelease: string): string | undefined {
  if (platform === "darwin") return ways.macos;
  const family = /^ID(?:_LIKE)?=.*$/gm;
  const ids = (osRelease.match(family) ?? []).join(" ");
  if (/\b(debian|ubuntu)\b/.test(ids)) return ways.debian;
  return /\b(fedora|rhel|centos)\b/.test(ids) ? ways.fedora : undefined;
}

/** @param what - what is wrong; default: that the program was not found. */
function missing(
  code: BackendErrorCode,
  { program, what = `${program} was not found` }: { program: string; what?: string },
  ways: Ways,
  platform: string,
): BackendError {
  const command = installCommand(ways, platform, readOsRelease());
  return new BackendError(code, `${what}: install it${command ? ` (${command})` : ""}, then run this again.`, {
    data: { program, command },
  });
}

function readOsRelease(): string {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    return "";
  }
}

/** What to install where the reason of a failed build is a compiler that Windows lacks. */
export function compilerHint(why: string, platform: string): string {
  if (platform !== "win32" || !/Visual Studio|Python|MSBuild/i.test(why)) return "";
  return ": install Python and Visual Studio's build tools for C++, or use the engine wasm";
}

/**
 * Looks for Python, make, a C++ compiler and node-gyp, in that order, and fails on the first that is missing.
 * @throws {BackendError} `python-missing`, `make-missing`, `compiler-missing` or `node-gyp-missing`.
 */
export async function findTools(platform: string, signal?: AbortSignal): Promise<Tools> {
  const python = await findPython(platform, signal);
  if (!(await works("make", ["--version"], signal))) throw missing("make-missing", { program: "make" }, MAKE, platform);
  const compiler = process.env.CXX ?? (platform === "darwin" ? "c++" : "g++");
  if (!(await works(compiler, ["--version"], signal))) {
    throw missing(
      "compiler-missing",
      { program: compiler, what: `The C++ compiler ${compiler} was not found` },
      COMPILER,
      platform,
    );
  }
  const nodeGyp = findNodeGyp();
  if (!nodeGyp) {
    throw new BackendError(
      "node-gyp-missing",
      "node-gyp was not found: install npm, which brings it, and run this again.",
      { data: { program: "node-gyp" } },
    );
  }
  return { platform, python, nodeGyp };
}

/** @throws {BackendError} `pip-missing` */
export async function requirePip({ python, platform }: Tools, signal?: AbortSignal): Promise<void> {
  if (await works(python, ["-m", "pip", "--version"], signal)) return;
  throw missing("pip-missing", { program: "pip", what: `${python} has no pip` }, PIP, platform);
}

async function findPython(platform: string, signal?: AbortSignal): Promise<string> {
  for (const python of [process.env.PYTHON, "python3", "python"]) {
    if (!python) continue;
    const script = "import sys; print('%d.%d' % sys.version_info[:2])";
    const found = await run(python, ["-c", script], { signal }).catch(ignoreAbsent);
    if (found?.code === 0 && found.stdout.startsWith("3.")) return python;
  }
  throw missing("python-missing", { program: "python3", what: "Python 3 was not found" }, PYTHON, platform);
}

async function works(command: string, args: string[], signal?: AbortSignal): Promise<boolean> {
  return (await run(command, args, { signal }).catch(ignoreAbsent))?.code === 0;
}

/** Ignores that a program does not exist or is not executable; rethrows anything else, such as an abort. */
function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "EACCES") throw error;
}

/** node-gyp as the environment names it, as npm beside this Node brings it, or as the `npm` on the PATH does. */
export function findNodeGyp(): string | undefined {
  const beside = dirname(process.execPath);
  const cli = "node_modules/npm/bin/npm-cli.js";
  const npm = (process.env.PATH ?? "").split(delimiter).map((dir) => join(dir, "npm"));
  // Windows keeps npm in Node's own folder.
  const fromNpm = [join(dirname(beside), "lib", cli), join(beside, cli), ...npm].filter(existsSync).map((path) => {
    try {
      const manifest = createRequire(realpathSync(path)).resolve("node-gyp/package.json");
      return join(dirname(manifest), "bin/node-gyp.js");
    } catch {
      return undefined;
    }
  });
  return [process.env.npm_config_node_gyp, ...fromNpm].find((path) => path !== undefined && existsSync(path));
}
