import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { describeEngines } from "@seg/backend";

/** Instruction sets that decide how fast matrices multiply, by the system's names for them. */
const INSTRUCTION_SETS = {
  avx2: "AVX2",
  fma: "FMA",
  avx512f: "AVX-512",
  avx512_vnni: "AVX-512 VNNI",
  avx512_bf16: "AVX-512 BF16",
  avx_vnni: "AVX-VNNI",
  amx_tile: "AMX",
  amx_int8: "AMX INT8",
  amx_bf16: "AMX BF16",
  asimd: "NEON",
  advsimd: "NEON",
  sve: "SVE",
  sve2: "SVE2",
  sme: "SME",
  i8mm: "I8MM",
  bf16: "BF16",
};

/**
 * Prints what a figure depends on: processor, instruction sets, threads, versions, and how oneDNN is set.
 *
 * @param facts.engine - What `startEngine` or {@link engineOfChildren} gave.
 * @param facts.pytorch - What `startPytorch` gave, in benches that compare with it.
 */
export function printHeader({ engine, threads = engine?.threads, pytorch } = {}) {
  const tfjs = createRequire(import.meta.url)("@tensorflow/tfjs/package.json").version;
  const versions = [`Node ${process.versions.node}`, `TensorFlow.js ${tfjs}`];
  if (engine?.tensorflow) versions.push(`TensorFlow ${engine.tensorflow}`);
  if (engine?.name === "onnxruntime") versions.push(`ONNX Runtime ${engine.version}`);
  if (pytorch?.version)
    versions.push(`PyTorch ${pytorch.version} (${pytorch.instructions}, oneDNN ${pytorch.oneDNN ? "on" : "off"})`);
  const oneDnn = engine?.oneDnn === undefined ? [] : [engine.oneDnn ? "on" : "off"];
  const set = (name) => `${name} ${process.env[name] ?? "unset"}`;
  const rows = {
    processor: processor(),
    "instruction sets": instructionSets().join(", ") || "unknown",
    ...(threads && { threads }),
    versions: versions.join(", "),
    oneDNN: [...oneDnn, ...["TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA"].map(set)].join(", "),
    ...(pytorch?.missing && { "without PyTorch": pytorch.missing }),
  };
  const width = Math.max(...Object.keys(rows).map(({ length }) => length));
  for (const [name, value] of Object.entries(rows)) console.log(`${name.padEnd(width)}  ${value}`);
  console.log();
}

/** What the engine is that other processes or threads will start. */
export async function engineOfChildren(name) {
  const engines = await describeEngines({ measure: false });
  return engines.find((engine) => engine.available && (name === "auto" || engine.name === name));
}

/** The processor as the system names it; where Linux gives its family and model, these too, since virtual machines hide the rest. */
function processor() {
  const [, family] = /^cpu family\s*: (\d+)$/m.exec(cpuInfo()) ?? [];
  const [, model] = /^model\s*: (\d+)$/m.exec(cpuInfo()) ?? [];
  const exact = family && model ? ` (family ${family}, model ${model})` : "";
  return `${cpus()[0]?.model.trim() ?? process.arch}${exact}, ${availableParallelism()} cores`;
}

function instructionSets() {
  const words = process.platform === "darwin" ? macOsFeatures() : cpuInfo().match(/^(flags|Features)\s*: (.*)$/m)?.[2];
  const found = (words ?? "").toLowerCase().split(/\s+/);
  return [...new Set(Object.entries(INSTRUCTION_SETS).flatMap(([word, name]) => (found.includes(word) ? [name] : [])))];
}

/** Empty where there is no such file. */
function cpuInfo() {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}

/** From lines such as `hw.optional.arm.FEAT_BF16: 1` and `hw.optional.avx2_0: 1`. */
function macOsFeatures() {
  const lines = execFileSync("sysctl", ["hw.optional"], { encoding: "utf8" }).matchAll(/^hw\.optional\.(.*): 1$/gm);
  return [...lines]
    .map(([, name]) =>
      name
        .split(".")
        .at(-1)
        .replace(/^FEAT_/, "")
        .replace(/_0$/, ""),
    )
    .join(" ");
}

/**
 * A bench's options, as `parseArgs` of Node gives them; ends it with exit code 2 where there is no such option.
 *
 * @param {import("node:util").ParseArgsConfig} config
 */
export function readArguments(config) {
  try {
    return parseArgs(config);
  } catch (error) {
    console.error(
      `${error.message.split(". ")[0]}. Options: ${Object.keys(config.options ?? {})
        .map((name) => `--${name}`)
        .join(", ")}.`,
    );
    process.exit(2);
  }
}

/** The median of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The process's largest resident memory so far, in MB. */
export function resident() {
  try {
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1000);
  } catch {
    return Math.round(process.resourceUsage().maxRSS / 1000);
  }
}

/** Prints rows as an aligned table; numbers get three digits. */
export function printTable(rows) {
  const names = Object.keys(rows[0] ?? {});
  const cell = (value) => (typeof value === "number" && !Number.isInteger(value) ? value.toFixed(3) : String(value));
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => cell(row[name]).length)));
  const line = (cells) =>
    cells
      .map((text, i) => text.padEnd(widths[i]))
      .join("  ")
      .trimEnd();
  console.log(line(names));
  console.log(line(widths.map((width) => "-".repeat(width))));
  for (const row of rows) console.log(line(names.map((name) => cell(row[name]))));
}
