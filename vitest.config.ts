import { readdirSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { CampaignsFirst } from "./tools/bootstrap/campaigns-first.ts";
import { SkippedReporter } from "./tools/bootstrap/skipped-reporter.ts";
import { softwareVulkan } from "./tools/testing/src/software-vulkan.ts";
import { thorough } from "./tools/testing/src/thorough.ts";

// Tests read the sources: `@seg/source` is the condition that every package exports its src under.
const conditions = ["@seg/source"];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: conditions } };

const env = softwareVulkan();

/** Only a hang takes so long, however busy the machine is. */
const LIMITS = { testTimeout: 600_000, hookTimeout: 600_000 };

/** Packages whose tests change nothing in their process that others would notice: files share one, and load TensorFlow.js but once. */
const SHARING = [
  "ade20k-data",
  "checkpoint",
  "cli",
  "encoders",
  "errors",
  "layers",
  "metrics",
  "onnx",
  "pipeline",
  "segmenter",
  "sync-bn",
];

const own = ["packages", "tools"].flatMap((group) =>
  readdirSync(group, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => ({
      resolve,
      ssr,
      test: {
        name: entry.name,
        root: `${group}/${entry.name}`,
        include: ["test/**/*.test.ts"],
        isolate: !SHARING.includes(entry.name),
        env,
        ...LIMITS,
      },
    })),
);

/**
 * What computes on TensorFlow, once more without oneDNN: there its CPU ops refuse some convolutions and gradients, and most laptops' processors
 * leave it off by themselves. A project of its own, as TensorFlow reads the variable when it is loaded.
 */
const withoutOneDnn = Object.entries({
  layers: ["conv2d", "conv2d-over-resized", "layers", "ops", "training"],
  "sync-bn": ["batch-norm", "layer", "synchronized", "training-model"],
  encoders: ["encoder"],
  decoders: [
    "{gradients,reference,training}",
    `{gradients,reference${thorough ? ",training" : ""}}.campaign`,
    "small-network",
  ],
  pipeline: ["train/trainer"],
}).map(([name, files]) => ({
  resolve,
  ssr,
  test: {
    name: `${name} (oneDNN off)`,
    root: `packages/${name}`,
    include: files.map((file) => `test/${file}.test.ts`),
    env: { TF_ENABLE_ONEDNN_OPTS: "0", SEG_TEST_ENGINES: "tensorflow" },
    ...LIMITS,
  },
}));

const projects = [...own, ...withoutOneDnn];

export default defineConfig({
  resolve,
  ssr,
  test: {
    projects,
    pool: "forks",
    // One more than the cores that CI has: many tests wait, for processes, sockets and what is to come too late.
    maxWorkers: 3,
    sequence: { sequencer: CampaignsFirst },
    passWithNoTests: true,
    reporters: [new SkippedReporter()],
  },
});
