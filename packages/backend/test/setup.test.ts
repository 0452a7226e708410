import { type ChildProcess, fork } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ownExecArgv } from "../src/child.ts";
import { type SetupOptions, setupNativeEngine } from "../src/index.ts";
import { type FakeMachine, fakeMachine } from "./fixtures/fake-machine.ts";

/** Elsewhere the setup refuses; its own test below says so. */
const describeOnLinux = describe.skipIf(process.platform !== "linux");

/** The wheel for this processor. */
const REQUIREMENT = process.arch === "x64" ? "tensorflow-cpu==2.21.0" : "tensorflow==2.21.0";

let machine: FakeMachine;

beforeEach(() => {
  machine = fakeMachine();
  for (const [name, value] of Object.entries({ ...machine.env, PYTHON: "", CXX: undefined })) vi.stubEnv(name, value);
});

afterEach(() => {
  vi.unstubAllEnvs();
  machine.dispose();
});

const setup = (options: SetupOptions = {}) =>
  setupNativeEngine({ packageDir: machine.packageDir, cacheDir: machine.cacheDir, ...options });

/** The same in a process of its own, which a test may kill. */
function setupInChild(): ChildProcess {
  const script = fileURLToPath(new URL("./fixtures/setup-child.mjs", import.meta.url));
  return fork(script, [machine.packageDir, machine.cacheDir], {
    execArgv: ownExecArgv(),
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

async function reached(name: string): Promise<void> {
  while (!machine.has(`${name}-reached`)) await sleep(10);
}

describeOnLinux("setupNativeEngine", () => {
  it("makes the package load an addon built on the wheel's library, and says what it proved", async () => {
    const lines: string[] = [];
    const result = await setup({ log: (line) => lines.push(line) });
    expect(machine.addon()).toMatch(/^built on unpacked/);
    expect(result).toMatchObject({
      package: "@tensorflow/tfjs-node",
      version: "4.22.0",
      tensorflow: "9.9.9",
      gpu: false,
      already: false,
    });
    expect(readFileSync(result.addon, "utf8")).toBe(machine.addon());
    expect(lines).toEqual([
      `Downloading ${REQUIREMENT}`,
      "Building the addon of @tensorflow/tfjs-node 4.22.0",
      "Proving it with a convolution",
    ]);
  });

  it("keeps two libraries and a few headers of the wheel, the addon, and nothing else", async () => {
    await setup();
    const [library, addon, ...rest] = readdirSync(machine.cacheDir).sort();
    expect(rest).toEqual([]);
    expect(library).toMatch(/^libtensorflow-2\.21\.0-cpu-linux-/);
    expect(addon).toMatch(/^tfjs-node-4\.22\.0-on-2\.21\.0-cpu-linux-/);
    expect(readdirSync(join(machine.cacheDir, library!, "tensorflow")).sort()).toEqual([
      "include",
      "libtensorflow_cc.so.2",
      "libtensorflow_framework.so.2",
    ]);
    expect(readdirSync(join(machine.cacheDir, addon!)).sort()).toEqual(["deps", "lib", "proof.json"]);
  });

  it("finds everything in place the second time, and needs no program for that", async () => {
    const first = await setup();
    vi.stubEnv("PATH", "");
    expect(await setup()).toEqual({ ...first, already: true });
    expect(machine.read("downloads")).toBe(`${REQUIREMENT}\n`);
  });

  it("gives a second project the same addon without downloading or building again", async () => {
    await setup();
    const built = machine.addon();
    rmSync(join(machine.packageDir, "lib"), { recursive: true });
    machine.set("pip-fails", "it must not be asked");
    machine.set("build-fails");
    expect(await setup()).toMatchObject({ already: false });
    expect(machine.addon()).toBe(built);
  });

  it("repairs a cache that lost its library", async () => {
    await setup();
    for (const name of readdirSync(machine.cacheDir)) {
      if (name.startsWith("libtensorflow")) rmSync(join(machine.cacheDir, name, "tensorflow/libtensorflow_cc.so.2"));
    }
    expect(await setup()).toMatchObject({ already: false });
    expect(machine.addon()).toMatch(/^built on unpacked/);
  });

  it("leaves the files of the installed package as they are, but for the addon", async () => {
    const manifest = readFileSync(join(machine.packageDir, "package.json"), "utf8");
    await setup({ stock: true });
    expect(readFileSync(join(machine.packageDir, "package.json"), "utf8")).toBe(manifest);
    expect(readdirSync(machine.packageDir).sort()).toEqual(["lib", "package.json", "scripts"]);
  });

  it("runs the package's own installer when asked to, and goes back to the current library from it", async () => {
    expect(await setup({ stock: true })).toMatchObject({ already: false });
    expect(machine.addon()).toMatch(/^built on stock/);
    expect(await setup({ stock: true })).toMatchObject({ already: true });
    await setup();
    expect(machine.addon()).toMatch(/^built on unpacked/);
  });
});

describeOnLinux("a setup that lacks something says so in one line and leaves the old addon", () => {
  const cases: [what: string, spoil: (machine: FakeMachine) => void, code: string, message: RegExp][] = [
    [
      "Python",
      (m) => m.remove("python3"),
      "python-missing",
      /^Python 3 was not found: install it .*apt install python3/,
    ],
    ["pip", (m) => m.set("no-pip"), "pip-missing", /^python3 has no pip: install it .*python3-pip/],
    ["make", (m) => m.remove("make"), "make-missing", /^make was not found: install it .*apt install make/],
    [
      "a C++ compiler",
      (m) => m.remove("g++"),
      "compiler-missing",
      /^The C\+\+ compiler g\+\+ was not found: .*apt install g\+\+/,
    ],
    [
      "the network",
      (m) =>
        m.set(
          "pip-fails",
          "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<x>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/tensorflow-cpu/\nERROR: No matching distribution found for tensorflow-cpu==2.21.0",
        ),
      "no-network",
      /^pip could not reach its package index to download tensorflow(-cpu)?==2\.21\.0 \(Connection refused\): check the network/,
    ],
    [
      "a wheel for this machine",
      (m) => m.set("pip-fails", "ERROR: No matching distribution found for tensorflow-cpu==2.21.0"),
      "download-failed",
      /^pip could not download tensorflow(-cpu)?==2\.21\.0: No matching distribution found/,
    ],
    [
      "a header",
      (m) => m.set("build-fails"),
      "build-failed",
      /^The addon could not be built: x\.cc:1:10: fatal error: no such thing$/,
    ],
    [
      "right numbers",
      (m) => m.set("wrong-numbers"),
      "proof-failed",
      /^Expected a convolution to give 45,5,.* but the built addon gave 0\.$/,
    ],
    [
      "instructions of the processor",
      (m) => m.set("crash"),
      "proof-failed",
      /SIGILL \(TensorFlow's wheels need a processor with AVX\)$/,
    ],
  ];

  it.each(cases)("%s", async (_, spoil, code, message) => {
    spoil(machine);
    await expect(setup()).rejects.toMatchObject({
      name: "BackendError",
      code,
      message: expect.stringMatching(message),
    });
    expect(machine.addon()).toBe("the old addon");
    expect(readdirSync(machine.cacheDir).filter((name) => !name.startsWith("libtensorflow-"))).toEqual([]);
  });

  it("the package", async () => {
    const packageDir = join(machine.packageDir, "..");
    await expect(setup({ packageDir })).rejects.toMatchObject({ code: "package-missing" });
    await expect(setup({ gpu: true })).rejects.toMatchObject({
      code: "package-missing",
      message: expect.stringMatching(
        /^Expected the folder of @tensorflow\/tfjs-node-gpu but .* holds @tensorflow\/tfjs-node\.$/,
      ),
    });
  });

  it("the right to write", async () => {
    // Nobody may make a folder there, root included.
    await expect(setup({ cacheDir: "/sys/seg" })).rejects.toMatchObject({
      code: "not-writable",
      message: expect.stringMatching(/^\/sys\/seg may not be written: run this as the owner of that folder/),
    });
    expect(machine.addon()).toBe("the old addon");
  });
});

describeOnLinux("an interrupted setup", () => {
  it.each(["hang-download", "hang-build"])(
    "killed at %s leaves the old addon, and the next one the new",
    async (where) => {
      machine.set(where);
      const child = setupInChild();
      await reached(where);
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("close", resolve));
      // What it had started outlives it, unless it is ended too.
      process.kill(Number(machine.read(`${where}-reached`)), "SIGKILL");
      expect(machine.addon()).toBe("the old addon");
      expect(readdirSync(machine.cacheDir)).toContain("lock");

      machine.unset(where);
      expect(await setup()).toMatchObject({ already: false });
      expect(machine.addon()).toMatch(/^built on unpacked/);
      expect(readdirSync(machine.cacheDir).filter((name) => /^(staging|lock)/.test(name))).toEqual([]);
    },
  );

  it.each(["hang-download", "hang-build"])(
    "aborted at %s ends what it started and leaves nothing behind",
    async (where) => {
      machine.set(where);
      const controller = new AbortController();
      const done = setup({ signal: controller.signal });
      await reached(where);
      const pid = Number(machine.read(`${where}-reached`));
      controller.abort(new Error("interrupted"));
      await expect(done).rejects.toThrow("interrupted");
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
      expect(machine.addon()).toBe("the old addon");
      expect(readdirSync(machine.cacheDir).filter((name) => /^(staging|lock)/.test(name))).toEqual([]);
    },
  );

  it("does not start when the signal is aborted already", async () => {
    await expect(setup({ signal: AbortSignal.abort(new Error("too late")) })).rejects.toThrow("too late");
    expect(existsSync(machine.cacheDir)).toBe(false);
  });

  it("killed at any moment leaves an addon that is whole", async () => {
    for (let wait = 100; wait < 1500; wait += 350) {
      const child = setupInChild();
      const closed = new Promise((resolve) => child.once("close", resolve));
      await Promise.race([sleep(wait), closed]);
      child.kill("SIGKILL");
      await closed;
      expect(machine.addon()).toMatch(/^(the old addon|built on unpacked.*)$/);
    }
    await setup();
    expect(machine.addon()).toMatch(/^built on unpacked/);
  });
});

describeOnLinux("two setups at once", () => {
  it("the second says who is at work, and the first goes on", async () => {
    machine.set("hang-download");
    const first = setup();
    await reached("hang-download");
    await expect(setup()).rejects.toMatchObject({
      code: "busy",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    machine.unset("hang-download");
    await first;
    expect(machine.addon()).toMatch(/^built on unpacked/);
  });

  it("a lock that holds nothing is taken over", async () => {
    mkdirSync(machine.cacheDir);
    writeFileSync(join(machine.cacheDir, "lock"), "");
    await setup();
    expect(machine.addon()).toMatch(/^built on unpacked/);
  });
});

describe("on another system", () => {
  it("the setup names the one way that works there", async () => {
    const platform = vi.spyOn(process, "platform", "get").mockReturnValue("darwin");
    await expect(setup()).rejects.toMatchObject({
      code: "unsupported-platform",
      message: expect.stringContaining("seg setup --stock"),
    });
    platform.mockRestore();
  });
});
