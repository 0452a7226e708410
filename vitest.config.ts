import { readdirSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { SkippedReporter } from "./tools/bootstrap/skipped-reporter.ts";
import { softwareVulkan } from "./tools/testing/src/software-vulkan.ts";

// Tests read the sources: `@seg/source` is the condition that every package exports its src under.
const conditions = ["@seg/source"];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: conditions } };

const env = softwareVulkan();

const projects = ["packages", "tools"].flatMap((group) =>
  readdirSync(group, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => ({
      resolve,
      ssr,
      test: {
        name: entry.name,
        root: `${group}/${entry.name}`,
        include: ["test/**/*.test.ts"],
        env,
        testTimeout: 120_000,
        hookTimeout: 120_000,
      },
    })),
);

export default defineConfig({
  resolve,
  ssr,
  test: { projects, pool: "forks", maxWorkers: 2, passWithNoTests: true, reporters: [new SkippedReporter()] },
});
