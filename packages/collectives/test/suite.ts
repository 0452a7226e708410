import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Call } from "../src/call.ts";
import type { CollectiveErrorData } from "../src/errors.ts";
import type { Waiting } from "../src/waiting.ts";
import type { Findings, Launch, Launcher } from "./launch.ts";
import { expectedBytes, expectedResults } from "./oracle.ts";
import { compileRanks } from "./ranks/compile.ts";

const LENGTHS = [0, 1, 2, 7, 513, 8192, 8193, 70_001, 600_011];

/** Around a message's, a slot's and a chunk's length; odd ones; a few MB. */
const BYTES = [0, 1, 2, 3, 4, 5, 272, 4095, 16_401, 32_817, 3_000_001];

export const everyRank = (size: number, finding: unknown) => Array.from({ length: size }, () => finding);

/** An error as a rank tells it, with these values among its data; `line` has to be in its message. */
export const anError = (code: string, data: Partial<CollectiveErrorData> & { rank: number }, line = "") => ({
  afterMs: expect.any(Number),
  error: { code, rank: data.rank, data: expect.objectContaining(data), message: expect.stringContaining(line) },
});

/** The error that refuses an option. */
export const refusal = (option: string, received: unknown) =>
  expect.objectContaining({ code: "option", data: expect.objectContaining({ option, received }) });

/** What a call says that comes after the one that failed. */
const BROKEN = "; the group is broken since then.";

const call = (name: Call["name"], length: number, root = 0): Call => ({ name, length, root });

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
        error: { code: "option", data: { option: "value", received: "undefined" }, message: expect.any(String) },
      };
      expect(await launch({ size: 3, scenario: "json", argument: value })).toEqual(
        everyRank(3, [value, lengths, refused]),
      );
    });

    it.each([
      ["broadcast", call("broadcast", 5)],
      ["root", call("broadcastBytes", 5, 1)],
      ["gather", call("allGatherBytes", 5)],
    ])("tells every rank that calls differ, one of which carries bytes: another %s", async (argument, received) => {
      const findings = await launch({ size: 3, scenario: "otherCallOfBytes", argument });
      const error = anError("mismatch", { rank: 1, expected: call("broadcastBytes", 5), received });
      expect(findings).toEqual(everyRank(3, error));
    });

    it.each([
      ["dispose", "dead"],
      ["sleep", "timeout"],
    ])("names a rank that does not come to a call that carries bytes, by %s", async (argument, code) => {
      const findings = await launch({ size: 3, timeoutMs: 3000, scenario: "missingFromBytes", argument });
      const data = { rank: 1, during: "allGatherBytes" };
      const others = [anError(code, data), anError(code, data, BROKEN)];
      expect([findings[0], findings[2]]).toEqual([others, others]);
    });

    it("leaves what lies around a part of an array alone", async () => {
      const expected = Array.from({ length: 20 }, (_, i) => (i >= 3 && i < 10 ? 2 : 1));
      expect(await launch({ size: 2, scenario: "partOfArray" })).toEqual([expected, expected]);
    });

    it.each([5, 700_000])(
      "tells every rank that lengths differ, at %i numbers, and is broken afterwards",
      async (length) => {
        const findings = await launch({ size: 3, scenario: "otherLength", argument: length });
        const data = { rank: 1, expected: call("allReduce", length), received: call("allReduce", length + 1) };
        const line = `allReduce of ${length} numbers on every rank, as rank 0 called, but rank 1 called allReduce of ${length + 1} numbers`;
        expect(findings).toEqual(everyRank(3, [anError("mismatch", data, line), anError("mismatch", data, BROKEN)]));
      },
    );

    it("tells every rank that calls differ", async () => {
      const data = { rank: 1, expected: call("allReduce", 5), received: call("barrier", 0) };
      expect(await launch({ size: 3, scenario: "otherCall" })).toEqual(everyRank(3, anError("mismatch", data)));
    });

    it("tells every rank that the roots of a broadcast differ", async () => {
      const data = { rank: 1, expected: call("broadcast", 5), received: call("broadcast", 5, 1) };
      expect(await launch({ size: 3, scenario: "otherRoot" })).toEqual(everyRank(3, anError("mismatch", data)));
    });

    it("names a rank that lives but does not come, and is broken afterwards", async () => {
      const findings = await launch({ size: 3, timeoutMs: 3000, scenario: "stuck", argument: 4500 });
      const data = { rank: 1, ranks: [1], during: "allReduce", timeoutMs: 3000 };
      const others = [anError("timeout", data), anError("timeout", data, BROKEN)];
      expect(findings[0]).toEqual(others);
      expect(findings[2]).toEqual(others);
      // It may still get what the others sent before they gave up, but no more.
      const late = findings[1] as unknown[];
      expect(late[1]).toMatchObject({ error: { rank: expect.any(Number) } });
      if (toldAtOnce) expect(late[0]).toEqual(anError("timeout", { rank: 1, during: "allReduce" }));
    });

    it("tells one of the ranks that wait, and no other, of one that comes late, and goes on when it has come", async () => {
      const findings = (await launch({ size: 3, scenario: "late", argument: 3000 })) as Waiting[][];
      const ofRankOne = findings.map((waits) =>
        waits.filter(({ ranks, during }) => ranks.join() === "1" && during === "allReduce"),
      );
      expect(ofRankOne[0]!.length).toBeGreaterThan(1);
      expect(ofRankOne[0]!.map(({ seconds }) => seconds)).toEqual(
        ofRankOne[0]!.map(({ seconds }) => seconds).sort((a, b) => a - b),
      );
      expect([ofRankOne[1], ofRankOne[2]]).toEqual([[], []]);
    });

    it("refuses wrong data, roots out of range and calls after dispose, in one line each", async () => {
      const refused = (code: string, data: object, message: string) => ({
        afterMs: expect.any(Number),
        error: { code, data, message },
      });
      expect(await launch({ size: 2, scenario: "badOptions" })).toEqual(
        everyRank(2, [
          refused(
            "option",
            { option: "data", received: "Array" },
            "Expected data to be a Float32Array but received Array.",
          ),
          refused(
            "option",
            { option: "root", received: 2 },
            "Expected root to be a whole number from 0 to 1 but received 2.",
          ),
          refused(
            "option",
            { option: "data", received: "String" },
            "Expected data to be a Uint8Array but received String.",
          ),
          refused(
            "option",
            { option: "data", received: "undefined" },
            "Expected data to be a Uint8Array but received undefined.",
          ),
          refused(
            "option",
            { option: "root", received: 2 },
            "Expected root to be a whole number from 0 to 1 but received 2.",
          ),
          refused("disposed", {}, "Expected a group in use but it was disposed."),
        ]),
      );
    });

    more?.(launch);
  });
}
