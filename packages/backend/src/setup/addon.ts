import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { basename, delimiter, dirname, join } from "node:path";
import { BackendError } from "../errors.ts";
import { addonPath, dependencyDir, type InstalledPackage } from "../packages.ts";
import { type proveAddon, writeProof } from "./prove-addon.ts";
import { type Finished, run } from "./run-program.ts";
import { linkFolder, linkProgram } from "./symlinks.ts";
import { type System, stockLibraries, type Wheel, wheelFor } from "./system.ts";
import { compilerHint, findNodeGyp, type Tools } from "./tools.ts";

export interface BuildOptions {
  system: System;
  /** The native package as installed; it is only read. */
  from: InstalledPackage;
  /** A staging folder on the same disk as the result; the caller removes it. */
  staging: string;
  log: (line: string) => void;
  /** Proves an addon, as {@link proveAddon} does. */
  prove: typeof proveAddon;
  signal?: AbortSignal | undefined;
}

/**
 * Builds the package's addon, its sources unchanged, on the C library in `libtensorflow`, proves it and puts it into `dir`, which then
 * holds `lib/napi-v8/tfjs_binding.node`, the links in `deps` that it finds the library by, and the proof. `dir` appears atomically.
 *
 * @throws {BackendError} `build-failed` or `proof-failed`.
 */
export async function buildAddon(
  dir: string,
  libtensorflow: string,
  options: BuildOptions & { tools: Tools },
): Promise<void> {
  const { from, system, tools, log } = options;
  const wheel = wheelFor(system);
  const copy = await copyPackage(options);
  await linkLibrary(copy, libtensorflow, wheel);
  log(`Building the addon of ${from.name} ${from.version}`);
  const nodePreGyp = join(copy, "node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp");
  await compile([nodePreGyp, "install", "--build-from-source"], copy, options, {
    PYTHON: tools.python,
    npm_config_node_gyp: tools.nodeGyp,
    ...(wheel.linkerFlags && { LDFLAGS: [process.env.LDFLAGS, wheel.linkerFlags].filter(Boolean).join(" ") }),
  });
  await finish(copy, dir, options);
}

/**
 * As {@link buildAddon}, with the package's own installer, which downloads a C library and an addon of its own choice, and builds the
 * addon where there is none to download.
 */
export async function installStockAddon(dir: string, options: BuildOptions): Promise<void> {
  const { from, system, log } = options;
  const libraries = stockLibraries(system);
  const copy = await copyPackage(options);
  log(`Running the installer of ${from.name} ${from.version}`);
  const nodeGyp = findNodeGyp();
  await compile(["scripts/install.js", ...(system.gpu ? ["gpu", "download"] : [])], copy, options, {
    ...(nodeGyp && { npm_config_node_gyp: nodeGyp }),
  });
  const lost = libraries.find((library) => !existsSync(join(dirname(addonPath(copy)), library)));
  if (lost) {
    throw new BackendError(
      "build-failed",
      {
        expected: `the installer of ${from.name} to bring ${basename(lost)}`,
        but: "it left none",
        hint: "run this again without --stock, or use the engine wasm",
      },
      { data: { package: from.name, file: lost } },
    );
  }
  await finish(copy, dir, options);
}

/** A copy of the package that builds and loads by itself: what was built before is left out, its dependencies are linked. */
async function copyPackage({ from, staging, system }: BuildOptions): Promise<string> {
  const copy = join(staging, "package");
  const built = new Set(
    ["node_modules", "deps", "lib", "build", "build-tmp-napi-v8"].map((name) => join(from.dir, name)),
  );
  await cp(from.dir, copy, { recursive: true, filter: (source) => !built.has(source) });
  const manifest = JSON.parse(await readFile(join(copy, "package.json"), "utf8"));
  for (const name of Object.keys(manifest.dependencies)) {
    const dependency = dependencyDir(from.dir, name);
    if (!dependency)
      throw new BackendError("build-failed", `${from.name} needs ${name}, which is not installed: install again.`, {
        data: { package: name },
      });
    const link = join(copy, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await linkFolder(dependency, link);
  }
  const script = join(copy, "node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp");
  await linkProgram(script, join(copy, "node_modules/.bin"), "node-pre-gyp", system.platform);
  return copy;
}

/** The names that the addon's `binding.gyp` links with, pointing at the wheel's files. */
async function linkLibrary(copy: string, libtensorflow: string, { libraries, aliases }: Wheel): Promise<void> {
  const deps = join(copy, "deps");
  const lib = join(deps, "lib");
  await mkdir(lib, { recursive: true });
  const wheel = join(libtensorflow, "tensorflow");
  await symlink(join(wheel, "include"), join(deps, "include"));
  for (const library of libraries) await symlink(join(wheel, library), join(lib, library));
  for (const [alias, library] of Object.entries(aliases)) await symlink(library, join(lib, alias));
  // The loader takes $ORIGIN from the path it opened, links unfollowed: CUDA's libraries are searched beside deps/lib.
  if (existsSync(join(libtensorflow, "nvidia"))) await symlink(join(libtensorflow, "nvidia"), join(deps, "nvidia"));
}

async function compile(
  args: string[],
  copy: string,
  { system, log, signal }: BuildOptions,
  settings: Record<string, string>,
): Promise<void> {
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, "include/node/node.h"));
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${join(copy, "node_modules/.bin")}${delimiter}${process.env.PATH}`,
    // Node's own headers, where it came with them; otherwise node-gyp downloads them.
    ...(headers ? { npm_config_nodedir: prefix } : {}),
    ...settings,
  };
  const finished = await run(process.execPath, args, { cwd: copy, env, signal });
  if (finished.code === 0 && existsSync(addonPath(copy))) return;
  for (const line of finished.output.trim().split("\n").slice(-20)) log(line);
  const why = whyFailed(finished);
  const hint = compilerHint(why, system.platform);
  throw new BackendError("build-failed", `The addon could not be built: ${why}${hint}`, { data: { reason: why } });
}

/** The most informative line of a build's output: the compiler's first error, node-gyp's, an uncaught error, or the last. */
function whyFailed({ output, signal }: Finished): string {
  const lines = output.split("\n").map((line) => line.trim());
  const telling = [/(fatal )?error: /, /gyp ERR! (stack )?Error: /, /^\w*Error: /, /getaddrinfo|ECONNREFUSED/];
  for (const pattern of telling) {
    const line = lines.find((candidate) => pattern.test(candidate));
    if (line) return line;
  }
  return lines.findLast((line) => line !== "") ?? `it ended with ${signal ?? "no message"}`;
}

async function finish(copy: string, dir: string, { log, prove, signal }: BuildOptions): Promise<void> {
  log("Proving it with what networks need");
  const proof = await prove(addonPath(copy), signal);
  for (const name of await readdir(copy)) {
    if (!["lib", "deps"].includes(name)) await rm(join(copy, name), { recursive: true });
  }
  await writeProof(copy, proof);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dirname(dir), { recursive: true });
  await rename(copy, dir);
}
