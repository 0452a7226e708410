import { defineConfig } from "vitest/config";
import { SkippedReporter } from "../../skipped-reporter.ts";

export default defineConfig({ test: { name: "skips", include: ["*.fixture.ts"], reporters: [new SkippedReporter()] } });
