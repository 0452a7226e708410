import { existsSync, realpathSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { ensureWritable, FileError, type LockOwner, withLock } from "@seg/node";
import { CACHE_WAY_OUT, cacheFolder } from "./cache-folder.ts";
import { BackendError, refuseUnknown } from "./errors.ts";
import { NATIVE_PACKAGES } from "./native.ts";
import { addonPath, findPackage, type InstalledPackage, readPackage } from "./packages.ts";
import { buildAddon, installStockAddon } from "./setup/addon.ts";
import { fetchLibtensorflow, TENSORFLOW_VERSION } from "./setup/libtensorflow.ts";
import { changedSinceProof, type Proof, proveAddon, readProof, writeProof } from "./setup/prove-addon.ts";
import { pointsTo, pointTo } from "./setup/symlinks.ts";
import { type System, stockLibraries, type Wheel, wheelFor } from "./setup/system.ts";
import { findTools } from "./setup/tools.ts";

export interface SetupOptions {
  /** Set up `@tensorflow/tfjs-node-gpu`, with CUDA's libraries, instead of `@tensorflow/tfjs-node`. */
  gpu?: boolean | undefined;
  /** Run the package's own installer (TensorFlow 2.9.1; for GPUs CUDA 11.2) instead of taking a current TensorFlow. */
  stock?: boolean | undefined;
  /** The native package's folder; by default the one that `startEngine` loads. */
  packageDir?: string | undefined;
  /** Where libraries and addons are kept, for all projects; by default `tensorflow` in {@link cacheFolder}. */
  cacheDir?: string | undefined;
  /** Receives a line for each step. Default: nothing is printed. */
  log?: ((line: string) => void) | undefined;
  /** Ends the work and whatever it started; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

const SETUP_OPTIONS = ["gpu", "stock", "packageDir", "cacheDir", "log", "signal"] satisfies (keyof SetupOptions)[];

/** A native package that is set up. */
export interface SetupResult extends Proof {
  /** The npm package and its version. */
  package: string;
  version: string;
  /** The addon file that the package loads from now on. */
  addon: string;
  /** True if everything was in place already. */
  already: boolean;
}

/**
 * Gives `@tensorflow/tfjs-node` (or `-gpu`) a current TensorFlow: takes the C library from the wheel that `pip download`
 * gives, builds the package's unmodified addon on it, proves in a process of its own that it computes what networks need (plain,
 * dilated, depthwise and grouped convolutions, their gradients, and the rest), and makes the package load it.
 *
 * Library and addon are staged in the cache and renamed into place; in the package one link, `tfjs_binding.node`, is
 * renamed over what was there (on Windows the addon's folder becomes a link). So an interruption at any moment leaves the old state or
 * the new, and running processes keep what they have loaded. A second call finds everything in place. Without the signal, an
 * interrupted caller may leave a download or a compiler running to its end; the next call removes what they made.
 *
 * For Linux on x64 and arm64 and macOS on arm64; elsewhere, Windows included, with `stock` alone. Run on a real machine: Linux x64.
 *
 * @throws {BackendError} one line that names what is missing (`package-missing`, `python-missing`, `pip-missing`,
 * `make-missing`, `compiler-missing`, `node-gyp-missing`, `no-network`, `disk-full`, `not-writable`,
 * `unsupported-platform`) or went wrong (`busy`, `download-failed`, `build-failed`, `proof-failed`).
 *
 * @example
 * ```ts
 * import { BackendError, setupNativeEngine } from "@seg/backend";
 *
 * try {
 *   const { package: name, version } = await setupNativeEngine({ packageDir: "vendor/tfjs-node", log: console.error });
 *   console.error(`${name} ${version} is ready`);
 * } catch (error) {
 *   if (!(error instanceof BackendError)) throw error;
 *   console.log(error.code); // package-missing
 * }
 * ```
 */
export async function setupNativeEngine(options: SetupOptions = {}): Promise<SetupResult> {
  refuseUnknown(options, SETUP_OPTIONS, "the options of setupNativeEngine");
  return setupOn(process, proveAddon, options);
}

/** {@link setupNativeEngine} for a system, with a proof. */
export async function setupOn(
  { platform, arch }: Pick<System, "platform" | "arch">,
  prove: typeof proveAddon,
  options: SetupOptions,
): Promise<SetupResult> {
  try {
    return await setup({ platform, arch, gpu: options.gpu ?? false }, prove, options);
  } catch (error) {
    throw explained(error, platform);
  }
}

async function setup(
  system: System,
  prove: typeof proveAddon,
  { stock = false, log = () => {}, signal, ...where }: SetupOptions,
): Promise<SetupResult> {
  signal?.throwIfAborted();
  const libraries = stock ? stockLibraries(system) : builtLibraries(wheelFor(system));
  const from = nativePackage(system.gpu, where.packageDir);
  const cache = where.cacheDir ?? join(cacheFolder(), "tensorflow");
  const { platform, arch, gpu } = system;
  const library = `${stock ? "stock" : TENSORFLOW_VERSION}-${gpu ? "gpu" : "cpu"}-${platform}-${arch}`;
  const built = join(cache, `${from.name.split("/").at(-1)}-${from.version}-on-${library}`);
  const loaded = addonPath(from.dir);
  const addon = join(built, relative(from.dir, loaded));
  const isBuilt = () => [addon, ...libraries.map((name) => join(dirname(addon), name))].every(existsSync);
  const result = (proof: Proof, already: boolean): SetupResult => {
    return { package: from.name, version: from.version, ...proof, addon, already };
  };

  const before = isBuilt() && (await pointsTo(loaded, addon)) ? await readProof(built) : undefined;
  if (before && (await changedSinceProof(built)) === undefined) return result(before, true);
  await ensureWritable(cache, CACHE_WAY_OUT);
  const work = async () => {
    for (const name of await readdir(cache)) {
      // Ours does not exist yet, and the lock is exclusive: these were left by setups that were killed.
      if (name.startsWith("staging-")) await rm(join(cache, name), { recursive: true, force: true, maxRetries: 5 });
    }
    const changed = isBuilt() ? await changedSinceProof(built) : undefined;
    if (changed !== undefined) log(`${changed}: building again`);
    if (changed !== undefined || !isBuilt()) await build();
    const proof = (await readProof(built)) ?? (await proveAgain(built, addon, { prove, log, signal }));
    signal?.throwIfAborted();
    await pointTo(loaded, addon, platform);
    return result(proof, false);
  };
  const build = async () => {
    const staging = await mkdtemp(join(cache, "staging-"));
    try {
      const options = { system, from, staging, log, prove, signal };
      if (stock) return await installStockAddon(built, options);
      const tools = await findTools(platform, signal);
      const libtensorflow = join(cache, `libtensorflow-${library}`);
      await fetchLibtensorflow(libtensorflow, { ...options, tools });
      await buildAddon(built, libtensorflow, { ...options, tools });
    } finally {
      await rm(staging, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  const lock = join(cache, "lock");
  const onWait = (owner: LockOwner | undefined, line: string) => {
    throw busy(owner, lock, line);
  };
  return withLock(lock, work, { onWait });
}

/** The libraries that an addon built on a wheel loads, as paths from its folder. */
const builtLibraries = ({ libraries, aliases }: Wheel) =>
  [...libraries, ...Object.keys(aliases)].map((name) => `../../deps/lib/${name}`);

/** Proves an addon whose proof is lost, or of an older version that checked less. */
async function proveAgain(
  built: string,
  addon: string,
  {
    prove,
    log,
    signal,
  }: Required<Pick<SetupOptions, "log">> & { prove: typeof proveAddon; signal?: AbortSignal | undefined },
): Promise<Proof> {
  log?.("Proving the addon with what networks need");
  const proof = await prove(addon, signal);
  await writeProof(built, proof);
  return proof;
}

function nativePackage(gpu: boolean, dir: string | undefined): InstalledPackage {
  const name = NATIVE_PACKAGES[gpu ? "tensorflow-gpu" : "tensorflow"];
  if (dir === undefined) {
    const found = findPackage(name);
    if (found) return found;
    throw new BackendError("package-missing", `${name} is not installed: npm install --ignore-scripts ${name}`, {
      data: { package: name },
    });
  }
  if (!existsSync(join(dir, "package.json"))) {
    throw new BackendError(
      "package-missing",
      { expected: `the folder of ${name}`, but: `${dir} holds no package.json` },
      { data: { package: name, file: dir } },
    );
  }
  const found = readPackage(realpathSync(dir));
  if (found.name === name) return found;
  throw new BackendError(
    "package-missing",
    { expected: `the folder of ${name}`, but: `${dir} holds ${found.name}` },
    { data: { package: name, file: dir } },
  );
}

function busy(owner: LockOwner | undefined, lock: string, line: string): BackendError {
  return new BackendError("busy", `Another setup is at work: ${line}`, { data: { owner, file: lock } });
}

/** The system's errors that a user can do something about, in words. */
function explained(error: unknown, platform: string): unknown {
  const { code, path } = (error instanceof FileError ? error.cause : error) as NodeJS.ErrnoException;
  if (error instanceof FileError && code !== "ENOSPC") {
    return new BackendError("not-writable", error.message, { cause: error, data: { file: error.data.file ?? "" } });
  }
  if (["EACCES", "EPERM", "EROFS", "EBUSY"].includes(code ?? "") && path) {
    // Windows lets nobody replace what a running program has loaded.
    const running = platform === "win32" ? "end the programs that use it, or " : "";
    const way = `${running}run this as the owner of that folder, or set XDG_CACHE_HOME to a folder of your own if it is the cache`;
    return new BackendError("not-writable", `${path} may not be written: ${way}.`, {
      cause: error,
      data: { file: path },
    });
  }
  if (code !== "ENOSPC") return error;
  return new BackendError("disk-full", `The disk is full${path ? ` at ${path}` : ""}: make room and run this again.`, {
    cause: error,
    data: path ? { file: path } : {},
  });
}
