import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { FROM_SOURCE, temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../src/bin.ts", import.meta.url));
const noPrlimit = spawnSync("prlimit", ["--version"]).error !== undefined;
const title = (text: string) => (noPrlimit ? `${text} (skipped: no prlimit)` : text);

/** Runs `seg` under a limit of the system, with the environment changed by `env`. */
function under(limit: string, argv: string[], env: Record<string, string> = {}) {
  const words = [limit, process.execPath, ...FROM_SOURCE, BIN, ...argv];
  const { status, stdout, stderr } = spawnSync("prlimit", words, {
    encoding: "utf8",
    env: { ...process.env, ...env },
    cwd: temporaryFolder(),
  });
  return { status, stdout, stderr };
}

const EIGHT_GB = `--as=${8 * 2 ** 30}`;

/** Another user than root, whom the system does not limit. */
const AS_USER = ["setpriv", "--reuid", "12345", "--clear-groups"];
const noUser =
  process.getuid?.() !== 0 || spawnSync(AS_USER[0]!, [...AS_USER.slice(1), "test", "-r", BIN]).status !== 0;

describe("in poor surroundings", () => {
  it.skipIf(noPrlimit).each([24, 48])(
    title("a program whose modules are more than the %i files that may be open ends in one line"),
    (files) => {
      const { status, stdout, stderr } = under(`--nofile=${files}`, ["demo", "--quiet"]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).not.toContain("Cannot find");
      expect(stderr).toMatch(/^error: [^\n]*at most \d+ open files are allowed, raise that by ulimit -n 1024\.\n$/);
    },
  );

  it.skipIf(noPrlimit)(title("8 GB of addresses are named where WebAssembly was wanted, with the way out"), () => {
    const argv = ["demo", "--backend", "wasm", "--quiet", "--result", "out"];
    const { status, stdout, stderr } = under(EIGHT_GB, argv);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(
      /^error: Engine wasm cannot start: [^\n]*limited to 8 GB here[^\n]*ulimit -v unlimited[^\n]*\n$/,
    );
    // And it is one.
    expect(under(EIGHT_GB, argv, { NODE_OPTIONS: "--disable-wasm-trap-handler" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  it.skipIf(noPrlimit || noUser)(
    `a limit of processes that Node may not survive is told before${noPrlimit || noUser ? " (skipped: no prlimit, no setpriv, or not root)" : ""}`,
    () => {
      const words = [
        ...AS_USER.slice(1),
        "prlimit",
        "--nproc=19",
        process.execPath,
        ...FROM_SOURCE,
        BIN,
        "config",
        "--list",
      ];
      const { stderr } = spawnSync(AS_USER[0]!, words, { encoding: "utf8" });
      expect(stderr).toMatch(/^warning: here a user may have 19 processes and threads, .*: raise that by ulimit -u\n/);
    },
  );
});
