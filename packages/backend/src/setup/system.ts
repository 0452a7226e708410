import { BackendError } from "../errors.ts";

/** The target system of a setup; the tests set up for systems other than theirs. */
export interface System {
  /** As `process.platform` names it. */
  platform: string;
  arch: string;
  gpu: boolean;
}

/** The TensorFlow wheel of a system, and how the addon links with its C library. */
export interface Wheel {
  /** The distribution's name. */
  distribution: string;
  /** pip's names for the system, the newest first. */
  tags: readonly string[];
  /** The checksum of its file for Python 3.12, as PyPI publishes it. */
  sha256: string;
  /** The wheel's two libraries. */
  libraries: readonly string[];
  /** The names that the addon's `binding.gyp` links with, as aliases of the wheel's libraries. */
  aliases: Readonly<Record<string, string>>;
  /** Additional linker flags. */
  linkerFlags?: string;
}

const LINUX = {
  libraries: ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"],
  aliases: {
    "libtensorflow.so": "libtensorflow_cc.so.2",
    "libtensorflow_framework.so": "libtensorflow_framework.so.2",
  },
};

const manylinux = (machine: string) =>
  ["manylinux_2_27", "manylinux_2_17", "manylinux2014"].map((tag) => `${tag}_${machine}`);

// Only the x86-64 Linux wheels come in two kinds; elsewhere `tensorflow` is the CPU's.
const WHEELS: Readonly<Record<string, Wheel>> = {
  "linux-x64-cpu": {
    ...LINUX,
    distribution: "tensorflow-cpu",
    tags: manylinux("x86_64"),
    sha256: "dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb",
  },
  "linux-x64-gpu": {
    ...LINUX,
    distribution: "tensorflow",
    tags: manylinux("x86_64"),
    sha256: "b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0",
  },
  "linux-arm64-cpu": {
    ...LINUX,
    distribution: "tensorflow",
    tags: manylinux("aarch64"),
    sha256: "b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552",
  },
  "darwin-arm64-cpu": {
    distribution: "tensorflow",
    tags: ["macosx_12_0_arm64"],
    sha256: "56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712",
    libraries: ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"],
    aliases: { "libtensorflow.2.dylib": "libtensorflow_cc.2.dylib" },
    // The library calls itself @rpath/libtensorflow_cc.2.dylib, and binding.gyp corrects the path of libtensorflow.2.dylib only.
    linkerFlags: "-Wl,-rpath,@loader_path/../../deps/lib",
  },
};

/** The systems that the native package's own installer supports, with the libraries that its addon then loads, as paths from the addon. */
const STOCK: Readonly<Record<string, readonly string[]>> = {
  "linux-x64-cpu": ["../../deps/lib/libtensorflow.so", "../../deps/lib/libtensorflow_framework.so"],
  "linux-x64-gpu": ["../../deps/lib/libtensorflow.so", "../../deps/lib/libtensorflow_framework.so"],
  "linux-arm64-cpu": ["../../deps/lib/libtensorflow.so", "../../deps/lib/libtensorflow_framework.so"],
  "darwin-x64-cpu": ["../../deps/lib/libtensorflow.2.dylib", "../../deps/lib/libtensorflow_framework.2.dylib"],
  "darwin-arm64-cpu": ["../../deps/lib/libtensorflow.2.dylib", "../../deps/lib/libtensorflow_framework.2.dylib"],
  "win32-x64-cpu": ["tensorflow.dll"],
  "win32-x64-gpu": ["tensorflow.dll"],
};

const nameOf = ({ platform, arch, gpu }: System) => `${platform}-${arch}-${gpu ? "gpu" : "cpu"}`;

/**
 * The wheel to take for a system.
 * @throws {BackendError} `unsupported-platform`, with what works there instead.
 */
export function wheelFor(system: System): Wheel {
  const wheel = WHEELS[nameOf(system)];
  if (wheel) return wheel;
  throw unsupported("a TensorFlow wheel with a C library", system, WHEELS, STOCK[nameOf(system)] !== undefined);
}

/**
 * The libraries that the package's own installer brings, as paths from the addon's folder.
 * @throws {BackendError} `unsupported-platform`, with what works there instead.
 */
export function stockLibraries(system: System): readonly string[] {
  const libraries = STOCK[nameOf(system)];
  if (libraries) return libraries;
  throw unsupported("a system that the package's own installer knows", system, STOCK, false);
}

function unsupported(expected: string, system: System, known: object, stock: boolean): BackendError {
  const cpu = { ...system, gpu: false };
  const ways = [
    ...(stock ? ["use `seg setup --stock`, the package's own installer (TensorFlow 2.9.1)"] : []),
    ...(system.gpu && nameOf(cpu) in known ? ["leave --gpu out"] : []),
    "use the engine wasm, which needs no setup",
  ];
  const gpu = system.gpu ? " with an NVIDIA GPU" : "";
  return new BackendError(
    "unsupported-platform",
    {
      expected,
      but: `there is none for ${system.platform} on ${system.arch}${gpu}`,
      hint: ways.join(", or "),
    },
    { data: { platform: system.platform, arch: system.arch, gpu: system.gpu } },
  );
}
