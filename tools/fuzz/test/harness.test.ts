import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runCampaign } from "../src/campaign.ts";
import type { Outcome } from "../src/messages.ts";

const FAULTS = new URL("faults.ts", import.meta.url);
const LIMITS = { time: 1, memory: 100e6 };

/** Five cases of a format, of which the third is faulty. */
async function five(name: string, limits = LIMITS): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const onOutcome = (_: string, outcome: Outcome) => void outcomes.push(outcome);
  await runCampaign({ formats: FAULTS, names: [name], cases: 5, seed: "a", jobs: 1, limits, onOutcome });
  return outcomes.sort((a, b) => a.index - b.index);
}

describe.concurrent("the harness", () => {
  it.each([
    ["spins", /^hung: ended after .* of work$/],
    ["waits", /^hung: ended after .* of waiting$/],
    ["range-error", /^a raw RangeError: Maximum call stack size exceeded/],
    ["nameless", /^no name of the file: Expected something else\.$/],
    ["escapes", /^control characters: ".*\\u001b\[31m"$/],
    ["endless-line", /^a line of 10\d\d\d characters$/],
    ["pollutes", /^polluted: Object\.prototype\.polluted$/],
    ["starts", /^executed: child_process\.spawn$/],
    ["reaches", /^(a raw Error: the fuzzer allows no net\.|executed: net\.)/],
    ["writes", /^executed: fs\.writeFileSync of .*evil$/],
    ["prints", /^printed: stderr: "something\\n"$/],
    ["fails-later", /^executed: unhandledRejection: Error: nobody waits for it/],
    ["ends", /^(a raw Error: the fuzzer allows no process\.exit|executed: process\.exit)/],
    ["crashes", /^crashed: SIGSEGV/],
    ["refuses-what-is-sound", /^unexpected: bad where it is accepted: SegError: .*a\.txt: Expected another\.$/],
    ["accepts-what-hurts", /^unexpected: 8×6 where it is refused$/],
    ["refuses-by-another-code", /^unexpected: 8×6 where it is truncated$/],
    ["implausible", /^implausible: three values for \[2\]$/],
  ])("reports a reader that %s, and goes on with the next case", async (name, fault) => {
    const outcomes = await five(name);
    expect(outcomes.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    expect(outcomes.map((outcome) => outcome.fault)).toEqual([
      undefined,
      undefined,
      expect.stringMatching(fault),
      undefined,
      undefined,
    ]);
    expect(existsSync(new URL("evil", FAULTS))).toBe(false);
  });

  it("counts a typed refusal with the file's name as what is promised", async () => {
    const outcomes = await five("sound");
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["accepted", "accepted", "bad", "accepted", "accepted"]);
    expect(outcomes.every(({ fault }) => fault === undefined)).toBe(true);
  });

  it("takes what a reader found for what a case says that it must find", async () => {
    expect((await five("finds-what-is-there")).every(({ fault }) => fault === undefined)).toBe(true);
  });

  describe.skipIf(process.platform !== "linux")("measuring memory (skipped: only Linux tells it)", () => {
    it("reports a reader that takes more than the limit", async () => {
      expect((await five("swells"))[2]!.fault).toMatch(/^swollen: 1\d\d MB$/);
    });

    it("ends one that takes ever more", async () => {
      const outcomes = await five("swells-without-end", { ...LIMITS, time: 60 });
      expect(outcomes[2]!.fault).toMatch(/^swollen: ended at \d+ MB$/);
    });

    it("leaves out what the result itself needs", async () => {
      expect((await five("needs-what-it-gives")).every(({ fault }) => fault === undefined)).toBe(true);
    });
  });
});
