import { writeFileSync } from "node:fs";
import { DefaultReporter, type TestCase, type TestModule, type TestSuite } from "vitest/node";

interface Skipped {
  title: string;
  reason: string;
  tests: number;
}

/** Data and reference values beside the clone cannot be installed, and PyTorch brings gigabytes: without them the other tests must do. */
const ALLOWED: readonly string[] = ["the folder shared is absent", "python3 lacks torch"];

/** Every test that skips says why; one that does not is a mistake, which CI does not let pass. */
const NO_REASON = "no reason given";

/**
 * vitest's own reporter, with a list of what was skipped and why before its totals. Where `CI` is set a skipped test
 * fails the run, unless it lacks the folder `shared` or PyTorch. `SEG_TEST_TOTALS` names a file that gets one line: `N passed, N failed, N skipped`.
 */
export class SkippedReporter extends DefaultReporter {
  override onTestRunEnd(...args: Parameters<DefaultReporter["onTestRunEnd"]>): void {
    const [modules, unhandledErrors] = args;
    // `-t PATTERN` marks every other test as skipped: that is no news.
    const skipped = this.ctx.config.testNamePattern ? [] : modules.flatMap(skippedParts);
    if (skipped.length > 0) this.log(describeSkipped(skipped));
    super.onTestRunEnd(...args);
    if (skipped.some(({ reason }) => !ALLOWED.includes(reason)) && process.env.CI) process.exitCode = 1;
    const totals = process.env.SEG_TEST_TOTALS;
    if (totals) writeFileSync(totals, `${formatTotals(modules, unhandledErrors.length)}\n`);
  }
}

/** The largest wholly skipped parts of a test file that have one reason: a suite, or a single test. */
function skippedParts(part: TestModule | TestSuite | TestCase): Skipped[] {
  const parts = part.type === "test" ? [] : [...part.children].flatMap(skippedParts);
  const state = part.type === "test" ? part.result().state : part.state();
  if (state !== "skipped" || part.type === "module") return parts;
  const title = `${part.project.name} › ${part.fullName}`;
  const note = part.type === "test" ? (part.result() as { note?: string }).note : undefined;
  const [, shortTitle = title, reason = note] = /^(.*) \(skipped: (.*)\)/.exec(title) ?? [];
  // All tests of a suite may be skipped, each for the reason in its own title.
  if (!reason && parts.some((inner) => inner.reason !== NO_REASON)) return parts;
  const tests = part.type === "test" ? 1 : [...part.children.allTests()].length;
  return [{ title: shortTitle, reason: reason ?? NO_REASON, tests }];
}

/** The skipped parts under their reasons, for people. */
function describeSkipped(skipped: Skipped[]): string {
  const lines = ["", "Skipped on this machine:"];
  for (const reason of new Set(skipped.map((part) => part.reason))) {
    lines.push(`  ${reason}`);
    for (const part of skipped) {
      if (part.reason === reason)
        lines.push(`    ${part.title} (${part.tests} ${part.tests === 1 ? "test" : "tests"})`);
    }
  }
  return lines.join("\n");
}

/** A file that fails before its first test, and an error outside all tests, count as one failure each. */
function formatTotals(modules: readonly TestModule[], unhandledErrors: number): string {
  const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
  const count = (state: string) => states.filter((one) => one === state).length;
  const broken = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const failed = count("failed") + broken.filter((part) => part.errors().length > 0).length + unhandledErrors;
  return `${count("passed")} passed, ${failed} failed, ${count("skipped")} skipped`;
}
