import { expect, it } from "vitest";
import { CollectiveError } from "../src/errors.ts";
import { createThreadGroup, joinThreadGroup } from "../src/threads.ts";
import { launchThreads, running } from "./launch.ts";
import { expectedBytes, expectedResults } from "./oracle.ts";
import { anError, describeGroup, everyRank, refusal } from "./suite.ts";

describeGroup("A group of threads", launchThreads, { sizes: [2, 3, 5, 8], toldAtOnce: true }, (launch) => {
  it.each([1, 17, 1000])("sums through slots of %i numbers", async (chunkLength) => {
    const lengths = [0, 1, 5, 513, 3001];
    const findings = await launch({ size: 4, chunkLength, scenario: "results", argument: lengths });
    expect(findings).toEqual(everyRank(4, expectedResults(4, lengths)));
  });

  it("carries bytes through slots of one number", async () => {
    const lengths = [0, 1, 4, 5, 513];
    const findings = await launch({ size: 4, chunkLength: 1, scenario: "bytes", argument: lengths });
    expect(findings).toEqual(everyRank(4, expectedBytes(4, lengths)));
  });

  it("names the ranks that never come", async () => {
    const findings = await launch({ size: 4, timeoutMs: 2000, without: [1, 2], scenario: "endless", argument: 5 });
    const line = "within 2 s but ranks 1 and 2 did not";
    expect([findings[0], findings[3]]).toContainEqual(anError("timeout", { rank: 1, ranks: [1, 2] }, line));
    for (const finding of [findings[0], findings[3]])
      expect(finding).toEqual(anError("timeout", { rank: 1, during: "allReduce", timeoutMs: 2000 }));
  });

  it.each(["dispose", "exit", "throw"])("tells at once that a rank has left by %s", async (way) => {
    const findings = await launch({ size: 3, scenario: "leaves", argument: way });
    const said = anError("dead", { rank: 1, during: "allReduce" });
    expect([findings[0], findings[2]]).toEqual([said, said]);
  });

  it("tells that a rank was terminated in the middle of a sum, once somebody marks it", async () => {
    const kill = { rank: 1, once: running };
    const findings = await launch({ size: 3, scenario: "endless", argument: 1_000_000, kill });
    const said = anError("dead", { rank: 1, during: "allReduce" });
    expect(findings).toEqual([said, undefined, said]);
  });

  it("refuses options out of range and a rank that is taken", () => {
    expect(() => createThreadGroup({ size: 0 })).toThrow(refusal("size", 0));
    expect(() => createThreadGroup({ size: 2, timeoutMs: 0 })).toThrow(refusal("timeoutMs", 0));
    expect(() => createThreadGroup({ size: 2, chunkLength: 0.5 })).toThrow(refusal("chunkLength", 0.5));
    const handle = createThreadGroup({ size: 2 });
    expect(() => joinThreadGroup(handle, 2)).toThrow(refusal("rank", 2));
    const group = joinThreadGroup(handle, 1);
    expect(() => joinThreadGroup(handle, 1)).toThrow(CollectiveError);
    expect(() => joinThreadGroup(handle, 1)).toThrow(refusal("rank", 1));
    group.dispose();
  });

  it("needs nobody else in a group of one", () => {
    const group = joinThreadGroup(createThreadGroup({ size: 1 }), 0);
    const data = Float32Array.of(1, 2);
    group.allReduce(data);
    group.broadcast(data);
    group.barrier();
    expect([...data, ...group.allGather(data)]).toEqual([1, 2, 1, 2]);
    const long = new Float32Array(700_000).fill(3);
    group.allReduce(long);
    expect(long.every((x) => x === 3)).toBe(true);
    group.dispose();
  });
});
