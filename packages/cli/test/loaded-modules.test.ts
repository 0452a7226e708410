// Which modules a command loads: what takes long is for those that need it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FROM_SOURCE, temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../src/bin.ts", import.meta.url));

/** Writes the address of each module that is loaded into the file that NOTED names, those by `require` too. */
const NOTE = `
  import { appendFileSync } from "node:fs";
  import Module, { register } from "node:module";
  const note = (address) => appendFileSync(process.env.NOTED, address + "\\n");
  const load = Module._load;
  Module._load = function (name, ...others) { note("require/node_modules/" + name); return load.call(this, name, ...others); };
  const hooks = \`
    import { appendFileSync } from "node:fs";
    export const load = (address, context, next) => {
      appendFileSync(process.env.NOTED, address + "\\\\n");
      return next(address, context);
    };\`;
  register("data:text/javascript," + encodeURIComponent(hooks));
`;

/** Packages that `seg` with these words loads, by their names. */
function packagesOf(argv: readonly string[]): string[] {
  const folder = temporaryFolder({ "note.mjs": NOTE });
  const noted = join(folder, "noted");
  const words = [...FROM_SOURCE, "--import", join(folder, "note.mjs"), BIN, ...argv];
  const { stdout, stderr } = spawnSync(process.execPath, words, {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, NOTED: noted },
  });
  expect(stdout + stderr).not.toBe("");
  const packages = readFileSync(noted, "utf8")
    .split("\n")
    .flatMap((address) => /.*\/(?:node_modules|packages)\/((?:@[\w-]+\/)?[\w-]+)/.exec(address)?.[1] ?? []);
  return [...new Set(packages)].sort();
}

// What strips the types of the sources under test is not of the command.
const LIGHT = [
  "typescript",
  "cli",
  "commander",
  "errors",
  "fastest-levenshtein",
  "node",
  "non-error",
  "serialize-error",
];

it.each(["--help", "--version", "help train", "test --help", "train --help", "export --help", "completion zsh", ""])(
  "`seg %s` loads no more than it needs to know its commands",
  (line) => {
    const packages = packagesOf(line.split(" ").filter(Boolean));
    expect(packages).toContain("cli");
    expect(packages.filter((name) => !LIGHT.includes(name))).toEqual([]);
  },
);

it.each(["confg", "test --no-such-flag", "download", "test --backend nothing"])(
  "`seg %s`, which is wrong, does not load the pipeline to say so",
  (line) => {
    const packages = packagesOf(line.split(" "));
    expect(packages.filter((name) => ![...LIGHT, "collectives"].includes(name))).toEqual([]);
  },
);

it("`seg config` loads what reads configurations, no engine and no image library", () => {
  const packages = packagesOf(["config", "TRAIN.seed", "3"]);
  expect(packages).toEqual(expect.arrayContaining(["pipeline", "yaml", "zod"]));
  for (const name of ["@tensorflow/tfjs", "tfjs", "sharp", "onnxruntime-node", "koffi", "cli-progress", "backend"]) {
    expect(packages).not.toContain(name);
  }
});
