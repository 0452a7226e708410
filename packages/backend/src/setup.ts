import { existsSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { BackendError } from "./errors.ts";
import { NATIVE_PACKAGES } from "./native.ts";
import { addonPath, findPackage, type InstalledPackage, readPackage } from "./packages.ts";
import { buildAddon, installStockAddon, type Proof } from "./setup/addon.ts";
import { fetchLibtensorflow, TENSORFLOW_VERSION } from "./setup/libtensorflow.ts";
import { takeLock } from "./setup/lock.ts";
import { findTools } from "./setup/tools.ts";

export interface SetupOptions {
  /** Set up `@tensorflow/tfjs-node-gpu`, with CUDA's libraries, instead of `@tensorflow/tfjs-node`. */
  gpu?: boolean | undefined;
  /** Run the package's own installer (TensorFlow 2.9.1; for GPUs CUDA 11.2) instead of taking a current TensorFlow. */
  stock?: boolean | undefined;
  /** The native package's folder; by default the one that `startEngine` loads. */
  packageDir?: string | undefined;
  /** Where libraries and addons are kept, for all projects; by default `seg/tensorflow` in `$XDG_CACHE_HOME` or `~/.cache`. */
  cacheDir?: string | undefined;
  /** Receives a line for each step. Default: nothing is printed. */
  log?: ((line: string) => void) | undefined;
  /** Ends the work and whatever it started; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

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
 * gives, builds the package's unmodified addon on it, proves it with a convolution in a process of its own, and makes the
 * package load it.
 *
 * Library and addon are made beside their places in the cache and renamed; in the package one link, `tfjs_binding.node`, is
 * renamed over what was there. So an interruption at any moment leaves the old state or the new, and running processes keep
 * what they have loaded. A second call finds everything in place. Without the signal, an interrupted caller may leave a
 * download or a compiler running to its end; the next call removes what they made.
 *
 * Verified on Linux x86-64, Node 20: the CPU package from start to end. The GPU package on a machine without a GPU: the same
 * with TensorFlow's GPU wheel, whose libraries search CUDA's where they are put. Linux only, but for `stock`.
 *
 * @throws {BackendError} one line that names what is missing (`package-missing`, `python-missing`, `pip-missing`,
 * `make-missing`, `compiler-missing`, `node-gyp-missing`, `no-network`, `disk-full`, `not-writable`,
 * `unsupported-platform`) or went wrong (`busy`, `download-failed`, `build-failed`, `proof-failed`).
 */
export async function setupNativeEngine(options: SetupOptions = {}): Promise<SetupResult> {
  try {
    return await setup(options);
  } catch (error) {
    throw explained(error);
  }
}

async function setup({
  gpu = false,
  stock = false,
  log = () => {},
  signal,
  ...where
}: SetupOptions): Promise<SetupResult> {
  signal?.throwIfAborted();
  if (!stock && (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch))) {
    throw new BackendError(
      "unsupported-platform",
      `Expected Linux on x64 or arm64 but this is ${process.platform} on ${process.arch}: use \`seg setup --stock\`, the package's own installer.`,
    );
  }
  const from = nativePackage(gpu, where.packageDir);
  const cache = where.cacheDir ?? join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "seg", "tensorflow");
  const library = `${stock ? "stock" : TENSORFLOW_VERSION}-${gpu ? "gpu" : "cpu"}-${process.platform}-${process.arch}`;
  const built = join(cache, `${from.name.split("/").at(-1)}-${from.version}-on-${library}`);
  const place = addonPath(from.dir);
  const addon = join(built, relative(from.dir, place));
  const done = async (already: boolean): Promise<SetupResult | undefined> => {
    const proof = await readProof(built, addon);
    if (!proof || (await readlink(place).catch(() => "")) !== addon) return undefined;
    return { package: from.name, version: from.version, ...proof, addon, already };
  };

  const before = await done(true);
  if (before) return before;
  const unlock = takeLock(join(cache, "lock"));
  let staging: string | undefined;
  try {
    for (const name of await readdir(cache)) {
      // Ours is not there yet, and who holds the lock works alone: these were left by setups that were killed.
      if (name.startsWith("staging-")) await rm(join(cache, name), { recursive: true, force: true, maxRetries: 5 });
    }
    if (!(await readProof(built, addon))) {
      staging = await mkdtemp(join(cache, "staging-"));
      const tools = await findTools(signal);
      const build = { from, staging, tools, log, signal };
      if (stock) await installStockAddon(built, gpu, build);
      else {
        const libtensorflow = join(cache, `libtensorflow-${library}`);
        await fetchLibtensorflow(libtensorflow, { gpu, ...build });
        await buildAddon(built, libtensorflow, build);
      }
    }
    signal?.throwIfAborted();
    await replaceByLink(place, addon);
    return (await done(false))!;
  } finally {
    if (staging) await rm(staging, { recursive: true, force: true, maxRetries: 5 });
    unlock();
  }
}

function nativePackage(gpu: boolean, dir: string | undefined): InstalledPackage {
  const name = NATIVE_PACKAGES[gpu ? "tensorflow-gpu" : "tensorflow"];
  if (dir === undefined) {
    const found = findPackage(name);
    if (found) return found;
    throw new BackendError("package-missing", `${name} is not installed: npm install --ignore-scripts ${name}`);
  }
  if (!existsSync(join(dir, "package.json"))) {
    throw new BackendError("package-missing", `Expected the folder of ${name} but ${dir} holds no package.json.`);
  }
  const found = readPackage(realpathSync(dir));
  if (found.name === name) return found;
  throw new BackendError("package-missing", `Expected the folder of ${name} but ${dir} holds ${found.name}.`);
}

/** The proof of the addon in `built`, or undefined unless it and the libraries it is linked to are there. */
async function readProof(built: string, addon: string): Promise<Proof | undefined> {
  const lib = join(built, "deps", "lib");
  if (![addon, join(lib, "libtensorflow.so"), join(lib, "libtensorflow_framework.so")].every(existsSync))
    return undefined;
  return readFile(join(built, "proof.json"), "utf8").then(JSON.parse, () => undefined);
}

/** Makes `path` a link to `target` in one step: whoever opens it gets the old file or the new one. */
async function replaceByLink(path: string, target: string): Promise<void> {
  const link = join(dirname(path), ".tfjs_binding.new");
  await mkdir(dirname(path), { recursive: true });
  await rm(link, { force: true });
  await symlink(target, link);
  await rename(link, path);
}

/** The system's errors that a user can do something about, in words. */
function explained(error: unknown): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  if (["EACCES", "EPERM", "EROFS"].includes(code ?? "") && path) {
    const way =
      "run this as the owner of that folder, or set XDG_CACHE_HOME to a folder of your own if it is the cache";
    return new BackendError("not-writable", `${path} may not be written: ${way}.`, { cause: error });
  }
  if (code !== "ENOSPC") return error;
  return new BackendError("disk-full", `The disk is full${path ? ` at ${path}` : ""}: make room and run this again.`, {
    cause: error,
  });
}
