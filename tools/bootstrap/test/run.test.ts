import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const bootstrap = fileURLToPath(new URL("..", import.meta.url));
const MANIFEST = { engines: { node: ">=20.19" }, packageManager: "pnpm@1.2.3", type: "module" };
// Stand-ins for what the network or a build would bring.
const PNPM = `require("fs").appendFileSync("pnpm-calls", process.argv.slice(2, 4).join(" ") + "\\n");
require("fs").mkdirSync("node_modules", { recursive: true });`;
const SEG = `console.log(JSON.stringify({ args: process.argv.slice(2), folder: process.cwd() })); process.exit(7);`;

let repository: string;

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), "bootstrap-"));
  cpSync(bootstrap, join(repository, "tools/bootstrap"), { recursive: true });
  write("package.json", JSON.stringify(MANIFEST));
  write("packages/cli/package.json", "{}");
  write("packages/cli/dist/bin.js", SEG);
  write("node_modules/turbo/bin/turbo", "");
});
afterEach(() => rmSync(repository, { recursive: true }));

function write(path: string, text: string) {
  mkdirSync(dirname(join(repository, path)), { recursive: true });
  writeFileSync(join(repository, path), text);
}

function writePnpm() {
  write(".cache/pnpm/node_modules/pnpm/package.json", JSON.stringify({ version: "1.2.3" }));
  write(".cache/pnpm/node_modules/pnpm/bin/pnpm.cjs", PNPM);
}

/** Runs the script as a fresh shell would, from a folder that is not the repository. */
function run(args: string[], env: Record<string, string> = {}) {
  const script = join(repository, "tools/bootstrap/run.mjs");
  const options = {
    cwd: tmpdir(),
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: repository, ...env },
  } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], options);
  return { status, stdout, stderr };
}

const installs = () => readFileSync(join(repository, "pnpm-calls"), "utf8").split("\n").length - 1;

describe("the bootstrap", () => {
  it("hands the demo's arguments, folder and exit code through", () => {
    writePnpm();
    const { status, stdout } = run(["demo", "--backend", "wasm"]);
    expect(JSON.parse(stdout)).toEqual({ args: ["demo", "--backend", "wasm"], folder: tmpdir() });
    expect(status).toBe(7);
  });

  it("leaves the campaigns to test:all", () => {
    writePnpm();
    write("node_modules/vitest/vitest.mjs", "console.log(process.argv.slice(2).join(' '));");
    expect(run(["test", "-t", "adds"]).stdout).toBe("run --exclude **/*.campaign.test.ts -t adds\n");
    expect(run(["test:all", "-t", "adds"]).stdout).toBe("run -t adds\n");
  });

  it("installs once, and again when a package.json changes", () => {
    writePnpm();
    run(["install"]);
    expect(readFileSync(join(repository, "pnpm-calls"), "utf8")).toBe("install --frozen-lockfile\n");
    expect(run(["install"])).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(installs()).toBe(1);
    write("packages/cli/package.json", `{ "dependencies": { "yaml": "^2.9.0" } }`);
    run(["install"]);
    expect(installs()).toBe(2);
  });

  it("tries again after an installation that failed, and shows what pnpm said", () => {
    writePnpm();
    write(".cache/pnpm/node_modules/pnpm/bin/pnpm.cjs", `console.error("lockfile is outdated"); process.exit(1);`);
    for (const _ of [1, 2]) {
      const { status, stderr } = run(["demo"]);
      expect(stderr).toContain("lockfile is outdated\nInstalling the packages failed with exit code 1");
      expect(status).toBe(1);
    }
  });

  it("says in one line that Node is too old", () => {
    write("package.json", JSON.stringify({ ...MANIFEST, engines: { node: ">=999.1" } }));
    const { status, stderr } = run(["demo"]);
    expect(stderr).toBe(
      `Expected Node 999.1 or newer but this is ${process.versions.node}: install a current Node (npm comes with it).\n`,
    );
    expect(status).toBe(1);
  });

  it("says in one line that npm is missing", () => {
    const { status, stderr } = run(["demo"], { PATH: join(repository, "nothing") });
    expect(stderr.split("\n").at(-2)).toBe(
      "Expected npm on the PATH but found none: install npm, which comes with Node.",
    );
    expect(status).toBe(1);
  });

  it("says in one line that the first run needs the network, and leaves nothing half done", () => {
    const nowhere = { npm_config_registry: "http://127.0.0.1:9", npm_config_cache: join(repository, "npm-cache") };
    const { status, stderr } = run(["demo"], nowhere);
    expect(stderr).toBe(
      "Getting pnpm 1.2.3 ...\nGetting pnpm 1.2.3 failed: the package registry cannot be reached (ECONNREFUSED). " +
        "The first run needs the network, later ones do not: connect and run it again.\n",
    );
    expect(status).toBe(1);
    expect(existsSync(join(repository, ".cache/pnpm"))).toBe(false);
  });

  describe.skipIf(process.platform === "win32")("with a pnpm that is pinned by its SHA-512", () => {
    // SHA-512 of no bytes at all, as FIPS 180-4's examples have it, in hexadecimal and in base 64.
    const HEX =
      "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";
    const BASE64 = "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";

    /** An npm whose registry has a pnpm of this checksum. */
    function npmOf(integrity: string) {
      const lock = JSON.stringify({ packages: { "node_modules/pnpm": { integrity } } });
      const script = `#!${process.execPath}
import fs from "node:fs";
const folder = process.argv[process.argv.indexOf("--prefix") + 1] + "/node_modules";
fs.mkdirSync(folder + "/pnpm/bin", { recursive: true });
fs.writeFileSync(folder + "/.package-lock.json", ${JSON.stringify(lock)});
fs.writeFileSync(folder + "/pnpm/package.json", '{"version":"1.2.3"}');
fs.writeFileSync(folder + "/pnpm/bin/pnpm.cjs", ${JSON.stringify(PNPM)});`;
      write("bin/npm", script);
      chmodSync(join(repository, "bin/npm"), 0o755);
      write("package.json", JSON.stringify({ ...MANIFEST, packageManager: `pnpm@1.2.3+sha512.${HEX}` }));
      return { PATH: join(repository, "bin") };
    }

    it("takes the one of that checksum", () => {
      expect(run(["install"], npmOf(`sha512-${BASE64}`)).status).toBe(0);
      expect(installs()).toBe(1);
    });

    it("refuses another one before it runs, and keeps nothing of it", () => {
      const { status, stderr } = run(["install"], npmOf("sha512-AAAA"));
      expect(stderr.split("\n").at(-2)).toBe(
        `Expected pnpm 1.2.3 of sha512-${BASE64} but the package registry gave one of sha512-AAAA: do not use that registry, or correct packageManager in package.json.`,
      );
      expect(status).toBe(1);
      expect(existsSync(join(repository, ".cache/pnpm"))).toBe(false);
      expect(existsSync(join(repository, ".cache/pnpm.partial"))).toBe(false);
      expect(existsSync(join(repository, "pnpm-calls"))).toBe(false);
    });
  });

  it("refuses a command that it does not know", () => {
    expect(run(["dmeo"])).toEqual({
      status: 2,
      stdout: "",
      stderr: 'Expected one of install, build, demo, docs, test, test:all, check but received "dmeo".\n',
    });
  });
});
