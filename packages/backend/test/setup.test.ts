import { type ChildProcess, fork } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execArgvFor } from "@seg/node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SetupOptions } from "../src/index.ts";
import type { System } from "../src/setup/system.ts";
import { setupOn } from "../src/setup.ts";
import { type FakeMachine, fakeMachine, fakeProof } from "./fixtures/fake-machine.ts";

/** The programs of the fake machine begin with `#!`, and are ended as a group. */
const POSIX = process.platform !== "win32";
const describeOnPosix = describe.skipIf(!POSIX);
const title = (text: string) => (POSIX ? text : `${text} (skipped: the fake programs need a POSIX system)`);

const REQUIREMENT = "tensorflow-cpu==2.21.0";
const LINUX = { platform: "linux", arch: "x64" } as const;
const MACOS = { platform: "darwin", arch: "arm64" } as const;
const WINDOWS = { platform: "win32", arch: "x64" } as const;

let machine: FakeMachine;

beforeEach(() => {
  machine = fakeMachine();
  for (const [name, value] of Object.entries({ ...machine.env, PYTHON: "", CXX: undefined })) vi.stubEnv(name, value);
});

afterEach(() => {
  vi.unstubAllEnvs();
  machine.dispose();
});

const setupOf = (system: Pick<System, "platform" | "arch">, options: SetupOptions = {}) =>
  setupOn(system, fakeProof, { packageDir: machine.packageDir, cacheDir: machine.cacheDir, ...options });
const setup = (options: SetupOptions = {}) => setupOf(LINUX, options);

/** The same in a process of its own, which a test may kill. */
function setupInChild(): ChildProcess {
  const script = fileURLToPath(new URL("./fixtures/setup-child.mjs", import.meta.url));
  return fork(script, [machine.packageDir, machine.cacheDir], {
    execArgv: execArgvFor(import.meta.url),
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

async function reached(name: string): Promise<void> {
  while (!machine.has(`${name}-reached`)) await sleep(10);
}

describeOnPosix(title("setupNativeEngine"), () => {
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
      "Proving it with what networks need",
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

  it.each([
    ["cut off", "unp"],
    ["altered", "Unpacked"],
  ])("repairs a cache whose library is %s, and only then", async (_, contents) => {
    await setup();
    expect(await setup()).toMatchObject({ already: true });
    const [library] = readdirSync(machine.cacheDir).filter((name) => name.startsWith("libtensorflow"));
    const file = join(machine.cacheDir, library!, "tensorflow/libtensorflow_framework.so.2");
    writeFileSync(file, contents);
    const lines: string[] = [];
    expect(await setup({ log: (line) => lines.push(line) })).toMatchObject({ already: false });
    expect(lines[0]).toContain("libtensorflow_framework.so");
    expect(readFileSync(file, "utf8")).toBe("unpacked");
  });

  it("proves again, and records, what an older version left without a record", async () => {
    const { addon } = await setup();
    const proof = join(addon, "../../../proof.json");
    const { files, ...older } = JSON.parse(readFileSync(proof, "utf8"));
    writeFileSync(proof, JSON.stringify(older));
    expect(await setup()).toMatchObject({ already: false });
    expect(JSON.parse(readFileSync(proof, "utf8")).files).toEqual(files);
    expect(await setup()).toMatchObject({ already: true });
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

describeOnPosix(title("a setup that lacks something says so in one line and leaves the old addon"), () => {
  const requirement = expect.stringMatching(/^tensorflow(-cpu)?==2\.21\.0$/);
  const cases: [what: string, spoil: (machine: FakeMachine) => void, code: string, data: object][] = [
    ["Python", (m) => m.remove("python3"), "python-missing", { program: "python3" }],
    ["pip", (m) => m.set("no-pip"), "pip-missing", { program: "pip" }],
    ["make", (m) => m.remove("make"), "make-missing", { program: "make" }],
    ["a C++ compiler", (m) => m.remove("g++"), "compiler-missing", { program: "g++" }],
    [
      "the network",
      (m) =>
        m.set(
          "pip-fails",
          "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<x>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/tensorflow-cpu/\nERROR: No matching distribution found for tensorflow-cpu==2.21.0",
        ),
      "no-network",
      { requirement, reason: expect.stringContaining("Connection refused") },
    ],
    [
      "a wheel for this machine",
      (m) => m.set("pip-fails", "ERROR: No matching distribution found for tensorflow-cpu==2.21.0"),
      "download-failed",
      { requirement, reason: expect.stringMatching(/^No matching distribution found/) },
    ],
    [
      "a header",
      (m) => m.set("build-fails", "x.cc:1:10: fatal error: no such thing"),
      "build-failed",
      { reason: "x.cc:1:10: fatal error: no such thing" },
    ],
    ["a proof", (m) => m.set("proof-fails"), "proof-failed", {}],
  ];

  it.each(cases)("%s", async (_, spoil, code, data) => {
    spoil(machine);
    const error = await setup().catch((thrown) => thrown);
    expect(error).toMatchObject({ name: "BackendError", code, data });
    expect(error.message).toMatch(/^[^\n]+$/);
    expect(machine.addon()).toBe("the old addon");
    expect(readdirSync(machine.cacheDir).filter((name) => !name.startsWith("libtensorflow-"))).toEqual([]);
  });

  it("the package", async () => {
    const packageDir = join(machine.packageDir, "..");
    await expect(setup({ packageDir })).rejects.toMatchObject({ code: "package-missing" });
    await expect(setup({ gpu: true })).rejects.toMatchObject({
      code: "package-missing",
      data: { package: "@tensorflow/tfjs-node-gpu", file: machine.packageDir },
    });
  });

  // Nobody may make a folder there, root included.
  it.each(["/sys/seg", "/proc/1/seg", "/proc/nope", "/dev/null/seg"])("the right to write to %s", async (cacheDir) => {
    await expect(setup({ cacheDir })).rejects.toMatchObject({
      code: "not-writable",
      data: { file: cacheDir },
      message: expect.stringMatching(/XDG_CACHE_HOME/),
    });
    expect(machine.addon()).toBe("the old addon");
  });
});

describeOnPosix(title("an interrupted setup"), () => {
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

describeOnPosix(title("two setups at once"), () => {
  it("the second says who is at work, and the first goes on", async () => {
    machine.set("hang-download");
    const first = setup();
    await reached("hang-download");
    await expect(setup()).rejects.toMatchObject({
      code: "busy",
      data: { owner: { pid: process.pid, host: hostname() }, file: join(machine.cacheDir, "lock") },
    });
    machine.unset("hang-download");
    await first;
    expect(machine.addon()).toMatch(/^built on unpacked/);
  });

  it("a lock that does not say whose it is is left to the user, however old", async () => {
    mkdirSync(machine.cacheDir);
    const lock = join(machine.cacheDir, "lock");
    writeFileSync(lock, "");
    const old = new Date(Date.now() - 86_400_000);
    utimesSync(lock, old, old);
    await expect(setup()).rejects.toMatchObject({ code: "busy", message: expect.stringContaining(`${lock} is there`) });
    rmSync(lock);
    await setup();
    expect(machine.addon()).toMatch(/^built on unpacked/);
  });
});

describeOnPosix(title("an addon that is built already"), () => {
  const proofs = () => machine.read("proofs").length;
  const proofFile = () => {
    const built = readdirSync(machine.cacheDir).find((name) => name.startsWith("tfjs-node-"));
    return join(machine.cacheDir, built ?? "", "proof.json");
  };

  it("is proven once", async () => {
    await setup();
    await setup();
    expect(proofs()).toBe(1);
  });

  it.each([
    ["from a time when less was asked", '{"tensorflow":"9.9.9","gpu":false}'],
    ["of something else", '{"tensorflow":"9.9.9","gpu":false,"proven":["a convolution"]}'],
    ["cut short", '{"tensor'],
  ])("with a proof %s is proven again, not built again", async (_, text) => {
    const first = await setup();
    writeFileSync(proofFile(), text);
    machine.set("build-fails");
    expect(await setup()).toEqual(first);
    expect(proofs()).toBe(2);
    expect(await setup()).toEqual({ ...first, already: true });
  });

  it("is refused when it does not stand today's proof", async () => {
    await setup();
    writeFileSync(proofFile(), "{}");
    machine.set("proof-fails");
    await expect(setup()).rejects.toMatchObject({ code: "proof-failed" });
    await expect(setup()).rejects.toMatchObject({ code: "proof-failed" });
  });
});

describeOnPosix(title("a setup on macOS"), () => {
  it("takes the wheel's .dylib files, links the names that binding.gyp wants, and tells the linker where they lie", async () => {
    const { addon } = await setupOf(MACOS);
    expect(machine.addon()).toMatch(/^built on unpacked/);
    expect(machine.read("downloads")).toBe("tensorflow==2.21.0\n");
    const lib = join(addon, "../../../deps/lib");
    expect(readdirSync(lib).sort()).toEqual([
      "libtensorflow.2.dylib",
      "libtensorflow_cc.2.dylib",
      "libtensorflow_framework.2.dylib",
    ]);
    expect(realpathSync(join(lib, "libtensorflow.2.dylib"))).toBe(realpathSync(join(lib, "libtensorflow_cc.2.dylib")));
    expect(machine.read("linker-flags")).toBe("-Wl,-rpath,@loader_path/../../deps/lib");
    expect(await setupOf(MACOS)).toMatchObject({ already: true });
  });

  it("looks for Apple's compiler, and tells how to get it", async () => {
    machine.remove("c++");
    await expect(setupOf(MACOS)).rejects.toMatchObject({
      code: "compiler-missing",
      data: { program: "c++", command: "xcode-select --install" },
    });
  });

  it("runs the package's own installer when asked to", async () => {
    vi.stubEnv("FAKE_PLATFORM", "darwin");
    for (const arch of ["x64", "arm64"]) {
      expect(await setupOf({ platform: "darwin", arch }, { stock: true })).toMatchObject({ already: false });
      expect(machine.addon()).toMatch(/^built on stock/);
    }
  });

  it("on an Intel processor names what works there", async () => {
    await expect(setupOf({ platform: "darwin", arch: "x64" })).rejects.toMatchObject({
      code: "unsupported-platform",
      message:
        "Expected a TensorFlow wheel with a C library but there is none for darwin on x64: use `seg setup --stock`, the package's own installer (TensorFlow 2.9.1), or use the engine wasm, which needs no setup.",
    });
  });
});

describeOnPosix(title("a setup on Windows"), () => {
  beforeEach(() => {
    vi.stubEnv("FAKE_PLATFORM", "win32");
    for (const program of ["make", "g++", "c++", "python3"]) machine.remove(program);
  });

  it("names what works there instead of a current TensorFlow", async () => {
    await expect(setupOf(WINDOWS)).rejects.toMatchObject({
      code: "unsupported-platform",
      message: expect.stringMatching(
        /there is none for win32 on x64: use `seg setup --stock`.*, or use the engine wasm/,
      ),
    });
  });

  it("runs the package's own installer without make or a link to a file, and the package loads what it brought", async () => {
    const { addon } = await setupOf(WINDOWS, { stock: true });
    expect(machine.addon()).toMatch(/^built on stock/);
    const folder = join(machine.packageDir, "lib/napi-v8");
    expect(readdirSync(folder).sort()).toEqual(["tensorflow.dll", "tfjs_binding.node"]);
    expect(lstatSync(join(folder, "tfjs_binding.node")).isFile()).toBe(true);
    expect(realpathSync(folder)).toBe(realpathSync(join(addon, "..")));
    expect(readdirSync(join(machine.packageDir, "lib"))).toEqual(["napi-v8"]);
    expect(await setupOf(WINDOWS, { stock: true })).toMatchObject({ already: true });
  });

  it("puts a second addon in the place of the first, and leaves the cache whole", async () => {
    const { addon } = await setupOf(WINDOWS, { stock: true });
    rmSync(join(addon, "../tensorflow.dll"));
    expect(await setupOf(WINDOWS, { stock: true })).toMatchObject({ already: false, addon });
    expect(readdirSync(join(machine.packageDir, "lib/napi-v8")).sort()).toEqual([
      "tensorflow.dll",
      "tfjs_binding.node",
    ]);
  });

  it("says so in one line when the installer brings no library, and leaves the old addon", async () => {
    machine.set("no-library");
    await expect(setupOf(WINDOWS, { stock: true })).rejects.toMatchObject({
      code: "build-failed",
      data: { package: "@tensorflow/tfjs-node", file: "tensorflow.dll" },
    });
    expect(machine.addon()).toBe("the old addon");
  });

  it("tells what to install when the addon has to be built and nothing builds", async () => {
    machine.set("build-fails", "gyp ERR! stack Error: Could not find any Visual Studio installation to use");
    await expect(setupOf(WINDOWS, { stock: true })).rejects.toMatchObject({
      code: "build-failed",
      message: expect.stringMatching(
        /Visual Studio installation to use: install Python and Visual Studio's build tools/,
      ),
    });
  });
});

describe("a setup on other systems", () => {
  it.each([
    [{ platform: "win32", arch: "arm64" }, { stock: true }, /win32 on arm64: use the engine wasm/],
    [{ platform: "freebsd", arch: "x64" }, {}, /freebsd on x64: use the engine wasm/],
    [{ platform: "linux", arch: "arm64" }, { gpu: true }, /linux on arm64 with an NVIDIA GPU: leave --gpu out, or/],
    [MACOS, { gpu: true, stock: true }, /darwin on arm64 with an NVIDIA GPU: leave --gpu out, or/],
  ] as const)("%o says what works there", async (system, options, message) => {
    await expect(setupOf(system, options)).rejects.toMatchObject({
      code: "unsupported-platform",
      message: expect.stringMatching(message),
    });
  });

  it.skipIf(!POSIX)(title("takes the same files on Linux arm64, from the one wheel there"), async () => {
    await setupOf({ platform: "linux", arch: "arm64" });
    expect(machine.addon()).toMatch(/^built on unpacked/);
    expect(machine.read("downloads")).toBe("tensorflow==2.21.0\n");
  });
});
