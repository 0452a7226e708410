import { expect, it } from "vitest";
import { thorough } from "../../testing/src/thorough.ts";
import { runCampaign } from "../src/campaign.ts";
import { Report } from "../src/report.ts";

const FORMATS = new URL("../formats/index.ts", import.meta.url);
const CASES = thorough ? 20_000 : 8_000;
/** What is refused at the first gate tries nothing behind it. */
const LEAST_ACCEPTED = 0.03;

it(`refuses or reads ${CASES} hostile inputs of all formats within the limits, and does nothing else`, async () => {
  const report = new Report("1");
  await runCampaign({
    ...{ formats: FORMATS, cases: CASES, seed: "1", jobs: 2, limits: { time: 5, memory: 200e6 } },
    onOutcome: (format, outcome) => report.add(format, outcome),
  });
  console.log(report.lines().join("\n"));
  expect(report.cases).toBe(CASES);
  expect(report.failures.map((failure) => `${failure.fault}: ${report.repeat(failure)}`)).toEqual([]);
  for (const [format, share] of report.accepted()) expect(share, format).toBeGreaterThan(LEAST_ACCEPTED);
});
