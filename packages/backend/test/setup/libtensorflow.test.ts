import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cudaRequirements, fetchLibtensorflow, pipArguments } from "../../src/setup/libtensorflow.ts";
import type { System } from "../../src/setup/system.ts";

describe("the CUDA wheels that TensorFlow's metadata asks for", () => {
  // Lines of tensorflow 2.21.0's METADATA.
  const metadata = `Metadata-Version: 2.1
Name: tensorflow
Requires-Dist: numpy>=1.26.0
Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"
Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == 'and-cuda'
Requires-Dist: tensorflow-io-gcs-filesystem>=0.23.1; (sys_platform != "win32" and python_version < "3.13") and extra == "gcs-filesystem"
`;

  it("are those of its extra and-cuda, with their version ranges", () => {
    expect(cudaRequirements(metadata)).toEqual([
      "nvidia-cublas-cu12<13.0,>=12.5.3.2",
      "nvidia-cudnn-cu12<10.0,>=9.3.0.75",
    ]);
  });
});

describe("pip's arguments", () => {
  it("name Python 3.12 and the platform, whose wheel's checksum is known, whichever Python is installed", () => {
    expect(pipArguments(["manylinux_2_27_x86_64", "manylinux2014_x86_64"])).toEqual([
      ...[
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
        "--no-input",
        "--disable-pip-version-check",
      ],
      ...["--python-version=3.12", "--implementation=cp"],
      ...["--platform=manylinux_2_27_x86_64", "--platform=manylinux2014_x86_64"],
    ]);
  });
});

/** Stands for Python: "downloads" the wheel that is there, and does everything else by the real one. */
const PYTHON = spawnSync("python3", ["--version"]).status === 0;

describe.skipIf(!PYTHON)(`a wheel${PYTHON ? "" : " (skipped: no python3)"}`, () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "seg-wheel-"));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  const HEADERS = ["tensorflow/c/c_api.h", "tensorflow/core/platform/ctstring.h", "xla/tsl/c/tsl_status.h"];
  const systems: [System, string[]][] = [
    [
      { platform: "darwin", arch: "arm64", gpu: false },
      ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"],
    ],
    [{ platform: "linux", arch: "arm64", gpu: false }, ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]],
  ];

  it.each(systems)("for %o gives its two libraries and the C headers, and nothing else", async (system, libraries) => {
    const wheel = join(dir, "tensorflow-2.21.0.whl");
    const members = [...libraries, ...HEADERS.map((name) => `include/${name}`), "python/big.so", "include/Eigen/Core"];
    const names = members.map((name) => `tensorflow/${name}`);
    const zip =
      "import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'w') as z:\n for n in sys.argv[2:]: z.writestr(n, n)";
    spawnSync("python3", ["-c", zip, wheel, ...names]);
    const python = join(dir, "python");
    writeFileSync(
      python,
      `#!/bin/sh\ncase "$*" in *download*) for into; do case "$before" in -r) cp "$into" "${dir}/requirement";; esac; before="$into"; done; cp "${wheel}" "$into";; *) exec python3 "$@";; esac\n`,
    );
    chmodSync(python, 0o755);
    const staging = join(dir, "staging");
    mkdirSync(staging);

    const result = join(dir, "libtensorflow");
    const tools = { platform: system.platform, python, nodeGyp: "" };
    await fetchLibtensorflow(result, { system, tools, staging, log: () => {} });
    expect(readFileSync(join(dir, "requirement"), "utf8")).toMatch(
      /^tensorflow==2\.21\.0 --hash=sha256:[0-9a-f]{64}\n$/,
    );
    const files = readdirSync(result, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name).sort()).toEqual(
      [...libraries, "c_api.h", "ctstring.h", "tsl_status.h", "files.json"].sort(),
    );
    expect(readFileSync(join(result, "tensorflow", libraries[0]!), "utf8")).toBe(`tensorflow/${libraries[0]}`);
    expect(readdirSync(staging)).toEqual([]);
  });
});
