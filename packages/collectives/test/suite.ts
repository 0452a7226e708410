import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Findings, Launch, Launcher } from "./launch.ts";
import { expectedBytes, expectedResults } from "./oracle.ts";
import { compileRanks } from "./ranks/compile.ts";

const LENGTHS = [0, 1, 2, 7, 513, 8192, 8193, 70_001, 600_011];

/** Around a message's, a slot's and a chunk's length; odd ones; a few MB. */
const BYTES = [0, 1, 2, 3, 4, 5, 272, 4095, 16_401, 32_817, 3_000_001];

export const everyRank = (size: number, finding: unknown) => Array.from({ length: size }, () => finding);

/** An error as a rank tells it; `message` has to contain the words. */
export const anError = (code: string, rank: number, message: string) => ({
  afterMs: expect.any(Number),
  error: { code, rank, message: expect.stringContaining(message) },
});

export interface SuiteOptions {
  sizes: number[];
  /** Whether a rank that comes too late is told what the others were told. */
  toldAtOnce: boolean;
}

/** What holds in every group of several ranks, however they are connected. */
export function describeGroup(
  name: string,
  launcher: Launcher,
  { sizes, toldAtOnce }: SuiteOptions,
  more?: (launch: (launch: Launch) => Promise<Findings>) => void,
): void {
  describe(name, () => {
    let compiled: string;
    beforeAll(() => {
      compiled = compileRanks();
    });
    afterAll(() => rmSync(compiled, { recursive: true }));
    const launch = (options: Launch) => launcher(compiled, options);

    it.each(sizes)("gives %i ranks the sums of an oracle to the last bit, for any length", async (size) => {
      const findings = await launch({ size, scenario: "results", argument: LENGTHS });
      expect(findings).toEqual(everyRank(size, expectedResults(size, LENGTHS)));
    });

    it("sums millions of numbers", async () => {
      const findings = await launch({ size: 2, scenario: "results", argument: [2_500_007] });
      expect(findings).toEqual(everyRank(2, expectedResults(2, [2_500_007])));
    });

    it("keeps thousands of short calls apart", async () => {
      expect(await launch({ size: 3, scenario: "manyCalls", argument: 3000 })).toEqual([0, 0, 0]);
    });

    it.each(sizes)("carries bytes of any length, and of another one on each of %i ranks", async (size) => {
      const findings = await launch({ size, scenario: "bytes", argument: BYTES });
      expect(findings).toEqual(everyRank(size, expectedBytes(size, BYTES)));
    });

    it("carries a part of an array of bytes, and leaves what lies around it alone", async () => {
      const found = [
        [1, 2, 3],
        [
          [9, 9, 1],
          [9, 9, 1],
        ],
        [9, 9, 9, 1, 2, 3, 9],
      ];
      expect(await launch({ size: 2, scenario: "partOfBytes" })).toEqual([found, found]);
    });

    it("carries JSON: the first rank's value, and every rank's", async () => {
      const value = { text: "\ufeff日本 🌍", numbers: [0.1, 1e300], none: null };
      const lengths = [0, 1, 2].map((rank) => [rank, 10_000 * rank]);
      const refused = {
        afterMs: expect.any(Number),
        error: { code: "option", message: expect.stringContaining("undefined") },
      };
      expect(await launch({ size: 3, scenario: "json", argument: value })).toEqual(
        everyRank(3, [value, lengths, refused]),
      );
    });

    it.each([
      ["broadcast", "rank 1 called broadcast of 5 numbers from rank 0"],
      ["root", "rank 1 called broadcastBytes from rank 1"],
      ["gather", "rank 1 called allGatherBytes"],
    ])("tells every rank that calls differ, one of which carries bytes: another %s", async (argument, said) => {
      const findings = await launch({ size: 3, scenario: "otherCallOfBytes", argument });
      const error = anError("mismatch", 1, `broadcastBytes from rank 0 on every rank, as rank 0 called, but ${said}.`);
      expect(findings).toEqual(everyRank(3, error));
    });

    it.each([
      ["dispose", "dead"],
      ["sleep", "timeout"],
    ])("names a rank that does not come to a call that carries bytes, by %s", async (argument, code) => {
      const findings = await launch({ size: 3, timeoutMs: 3000, scenario: "missingFromBytes", argument });
      const others = [anError(code, 1, "come to allGatherBytes"), anError(code, 1, "of no use since then")];
      expect([findings[0], findings[2]]).toEqual([others, others]);
    });

    it("leaves what lies around a part of an array alone", async () => {
      const expected = Array.from({ length: 20 }, (_, i) => (i >= 3 && i < 10 ? 2 : 1));
      expect(await launch({ size: 2, scenario: "partOfArray" })).toEqual([expected, expected]);
    });

    it.each([5, 700_000])(
      "tells every rank that lengths differ, at %i numbers, and is of no use afterwards",
      async (length) => {
        const findings = await launch({ size: 3, scenario: "otherLength", argument: length });
        const said = `allReduce of ${length} numbers on every rank, as rank 0 called, but rank 1 called allReduce of ${length + 1} numbers`;
        expect(findings).toEqual(
          everyRank(3, [anError("mismatch", 1, said), anError("mismatch", 1, "of no use since then")]),
        );
      },
    );

    it("tells every rank that calls differ", async () => {
      const said = "allReduce of 5 numbers on every rank, as rank 0 called, but rank 1 called barrier";
      expect(await launch({ size: 3, scenario: "otherCall" })).toEqual(everyRank(3, anError("mismatch", 1, said)));
    });

    it("tells every rank that the roots of a broadcast differ", async () => {
      const said =
        "broadcast of 5 numbers from rank 0 on every rank, as rank 0 called, but rank 1 called broadcast of 5 numbers from rank 1";
      expect(await launch({ size: 3, scenario: "otherRoot" })).toEqual(everyRank(3, anError("mismatch", 1, said)));
    });

    it("names a rank that lives but does not come, and is of no use afterwards", async () => {
      const findings = await launch({ size: 3, timeoutMs: 3000, scenario: "stuck", argument: 4500 });
      const others = [
        anError("timeout", 1, "within 3 s but rank 1 did not"),
        anError("timeout", 1, "of no use since then"),
      ];
      expect(findings[0]).toEqual(others);
      expect(findings[2]).toEqual(others);
      // It may still get what the others sent before they gave up, but no more.
      const late = findings[1] as unknown[];
      expect(late[1]).toMatchObject({ error: { message: expect.stringContaining("rank") } });
      if (toldAtOnce) expect(late[0]).toEqual(anError("timeout", 1, "rank 1 did not"));
    });

    it("refuses wrong data, roots out of range and calls after dispose, in one line each", async () => {
      const refused = (code: string, message: string) => ({ afterMs: expect.any(Number), error: { code, message } });
      expect(await launch({ size: 2, scenario: "badOptions" })).toEqual(
        everyRank(2, [
          refused("option", "Expected data to be a Float32Array but received Array."),
          refused("option", "Expected root to be a whole number from 0 to 1 but received 2."),
          refused("option", "Expected data to be a Uint8Array but received String."),
          refused("option", "Expected data to be a Uint8Array but received undefined."),
          refused("option", "Expected root to be a whole number from 0 to 1 but received 2."),
          refused("disposed", "Expected a group in use but it was disposed."),
        ]),
      );
    });

    more?.(launch);
  });
}
