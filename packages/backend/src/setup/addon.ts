import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { BackendError } from "../errors.ts";
import { addonPath, dependencyDir, type InstalledPackage } from "../packages.ts";
import { type Finished, run } from "./run.ts";
import type { Tools } from "./tools.ts";

export interface BuildOptions {
  /** The native package as installed; it is only read. */
  from: InstalledPackage;
  /** A folder on the same disk as the result, for what is not whole yet; the caller removes it. */
  staging: string;
  tools: Tools;
  log: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/** What the proof found: the C library's version, and whether it computes on a GPU. */
export interface Proof {
  tensorflow: string;
  gpu: boolean;
}

/**
 * A 3×3 convolution over 0…15 as a 4×4 image: one filter sums the window, the other takes its centre. It asks the addon
 * itself, so that it proves what was built and nothing else.
 */
const PROOF = `
const b = require(process.argv[1]);
const tensor = (shape, values) => b.createTensor(shape, b.TF_FLOAT, Float32Array.from(values));
const image = tensor([1, 4, 4, 1], Array.from({ length: 16 }, (_, i) => i));
const filters = tensor([3, 3, 1, 2], Array.from({ length: 18 }, (_, i) => Number(i % 2 === 0 || i === 9)));
const attributes = [
  { name: "T", type: b.TF_ATTR_TYPE, value: b.TF_FLOAT },
  { name: "strides", type: b.TF_ATTR_INT, value: [1, 1, 1, 1] },
  { name: "padding", type: b.TF_ATTR_STRING, value: "VALID" },
];
const [{ id }] = b.executeOp("Conv2D", attributes, [image, filters], 1);
const values = Array.from(b.tensorDataSync(id));
process.stdout.write("PROOF" + JSON.stringify({ values, tensorflow: b.TF_Version, gpu: b.isUsingGpuDevice() }));
`;
const PROVEN = [45, 5, 54, 6, 81, 9, 90, 10];

/**
 * Builds the package's addon, its sources unchanged, on the C library in `libtensorflow`, proves it with a convolution and
 * puts it into `dir`, which then holds `lib/napi-v8/tfjs_binding.node` and the links in `deps` that it finds the library by.
 * `dir` appears whole or not at all.
 *
 * @throws {BackendError} `build-failed` or `proof-failed`.
 */
export async function buildAddon(dir: string, libtensorflow: string, options: BuildOptions): Promise<Proof> {
  const copy = await copyPackage(options);
  await linkLibrary(copy, libtensorflow);
  options.log(`Building the addon of ${options.from.name} ${options.from.version}`);
  const nodePreGyp = join(copy, "node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp");
  await compile([nodePreGyp, "install", "--build-from-source"], copy, options);
  return finish(copy, dir, options);
}

/** As {@link buildAddon}, with the package's own installer, which downloads the C library of its own choice. */
export async function installStockAddon(dir: string, gpu: boolean, options: BuildOptions): Promise<Proof> {
  const copy = await copyPackage(options);
  options.log(`Running the installer of ${options.from.name} ${options.from.version}`);
  await compile(["scripts/install.js", ...(gpu ? ["gpu", "download"] : [])], copy, options);
  return finish(copy, dir, options);
}

/** A copy of the package that builds and loads by itself: what was built before is left out, its dependencies are linked. */
async function copyPackage({ from, staging }: BuildOptions): Promise<string> {
  const copy = join(staging, "package");
  const built = new Set(
    ["node_modules", "deps", "lib", "build", "build-tmp-napi-v8"].map((name) => join(from.dir, name)),
  );
  await cp(from.dir, copy, { recursive: true, filter: (source) => !built.has(source) });
  const manifest = JSON.parse(await readFile(join(copy, "package.json"), "utf8"));
  for (const name of Object.keys(manifest.dependencies)) {
    const dependency = dependencyDir(from.dir, name);
    if (!dependency)
      throw new BackendError("build-failed", `${from.name} needs ${name}, which is not installed: install again.`);
    const link = join(copy, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(dependency, link);
  }
  await mkdir(join(copy, "node_modules/.bin"));
  await symlink("../@mapbox/node-pre-gyp/bin/node-pre-gyp", join(copy, "node_modules/.bin/node-pre-gyp"));
  return copy;
}

/** The names that the addon's `binding.gyp` links with, pointing at the wheel's files. */
async function linkLibrary(copy: string, libtensorflow: string): Promise<void> {
  const deps = join(copy, "deps");
  const lib = join(deps, "lib");
  await mkdir(lib, { recursive: true });
  const wheel = join(libtensorflow, "tensorflow");
  await symlink(join(wheel, "include"), join(deps, "include"));
  for (const library of ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]) {
    await symlink(join(wheel, library), join(lib, library));
  }
  await symlink("libtensorflow_cc.so.2", join(lib, "libtensorflow.so"));
  await symlink("libtensorflow_framework.so.2", join(lib, "libtensorflow_framework.so"));
  // The loader takes $ORIGIN from the path it opened, links unfollowed: CUDA's libraries are searched beside deps/lib.
  if (existsSync(join(libtensorflow, "nvidia"))) await symlink(join(libtensorflow, "nvidia"), join(deps, "nvidia"));
}

async function compile(args: string[], copy: string, { tools, log, signal }: BuildOptions): Promise<void> {
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, "include/node/node.h"));
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${join(copy, "node_modules/.bin")}${delimiter}${process.env.PATH}`,
    PYTHON: tools.python,
    npm_config_node_gyp: tools.nodeGyp,
    // Node's own headers, where it came with them; otherwise node-gyp downloads them.
    ...(headers ? { npm_config_nodedir: prefix } : {}),
  };
  const finished = await run(process.execPath, args, { cwd: copy, env, signal });
  if (finished.code === 0 && existsSync(addonPath(copy))) return;
  for (const line of finished.output.trim().split("\n").slice(-20)) log(line);
  throw new BackendError("build-failed", `The addon could not be built: ${whyFailed(finished)}`);
}

/** The line of a build's output that says most: the compiler's first error, node-gyp's, an uncaught error, or the last. */
function whyFailed({ output, signal }: Finished): string {
  const lines = output.split("\n").map((line) => line.trim());
  const telling = [/(fatal )?error: /, /gyp ERR! (stack )?Error: /, /^\w*Error: /, /getaddrinfo|ECONNREFUSED/];
  for (const pattern of telling) {
    const line = lines.find((candidate) => pattern.test(candidate));
    if (line) return line;
  }
  return lines.findLast((line) => line !== "") ?? `it ended with ${signal ?? "no message"}`;
}

async function finish(copy: string, dir: string, options: BuildOptions): Promise<Proof> {
  options.log("Proving it with a convolution");
  const proof = await prove(addonPath(copy), options.signal);
  for (const name of await readdir(copy)) {
    if (!["lib", "deps"].includes(name)) await rm(join(copy, name), { recursive: true });
  }
  await writeFile(join(copy, "proof.json"), JSON.stringify(proof));
  await rm(dir, { recursive: true, force: true });
  await mkdir(dirname(dir), { recursive: true });
  await rename(copy, dir);
  return proof;
}

/** Runs the proof on an addon, in a process of its own. */
async function prove(addon: string, signal?: AbortSignal): Promise<Proof> {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" };
  const finished = await run(process.execPath, ["-e", PROOF, addon], { env, signal });
  const answer = /PROOF(.*)$/m.exec(finished.stdout)?.[1];
  if (!answer) {
    const said = finished.output
      .trim()
      .split("\n")
      .find((line) => /Error: /.test(line));
    throw new BackendError(
      "proof-failed",
      `The built addon does not run: ${said ?? finished.signal ?? `exit code ${finished.code}`}${
        finished.signal === "SIGILL" ? " (TensorFlow's wheels need a processor with AVX)" : ""
      }`,
    );
  }
  const { values, ...proof } = JSON.parse(answer) as Proof & { values: number[] };
  if (values.join() === PROVEN.join()) return proof;
  throw new BackendError(
    "proof-failed",
    `Expected a convolution to give ${PROVEN} but the built addon gave ${values}.`,
  );
}
