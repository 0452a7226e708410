import type { MpiGroup } from "@seg/collectives";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { firstUnlike, refuseUnlike, refuseUnlikeFiles } from "../../src/launch/alike.ts";
import { unlikeEngines } from "../../src/train/replica.ts";

/** The group as this rank sees it: each rank brings to the next gather what `all` says, but for this one. */
function groupOf(hosts: string[] | undefined, rank: number, all: (own: unknown) => unknown[]): MpiGroup {
  const gather = (data: Uint8Array) =>
    all(JSON.parse(new TextDecoder().decode(data))).map((value) => new TextEncoder().encode(JSON.stringify(value)));
  return { hosts, rank, size: hosts?.length ?? 2, allGatherBytes: gather } as Partial<MpiGroup> as MpiGroup;
}

it("finds the first rank that has something else, or lacks it", () => {
  expect(firstUnlike([{ a: "1" }, { a: "1" }])).toBeUndefined();
  expect(
    firstUnlike([
      { a: "1", b: "2" },
      { a: "1", b: "2" },
      { a: "1", b: "3" },
    ]),
  ).toEqual({ rank: 2, what: "b" });
  expect(firstUnlike([{ a: "1" }, {}])).toEqual({ rank: 1, what: "a" });
  expect(firstUnlike([{}, { a: "1" }])).toEqual({ rank: 1, what: "a" });
});

it("names the host that runs another version, and asks nobody where there is one host", () => {
  const older = (own: unknown) => [own, own, { ...(own as object), "version of @seg/pipeline": "0.0.0-old" }];
  expect(() => refuseUnlike(groupOf(["a", "a", "b"], 0, older))).toThrow(
    expect.objectContaining({
      code: "hosts",
      message: expect.stringMatching(
        /^Expected the same version of @seg\/pipeline on all hosts, .* as on host a, but rank 2 on host b has .*0\.0\.0-old/,
      ),
    }),
  );
  refuseUnlike(groupOf(["a", "b"], 0, (own) => [own, own]));
  refuseUnlike(
    groupOf(undefined, 0, () => {
      throw new Error("asked");
    }),
  );
});

it("names the first file that is of another length, or missing, on another host", async () => {
  const folder = temporaryFolder({ "1.jpg": "12345", "2.jpg": "123" });
  const files = ["1.jpg", "2.jpg", "3.jpg"].map((name) => `${folder}/${name}`);
  const mine = ["1.jpg of 5 bytes", "2.jpg of 3 bytes", "3.jpg missing"];
  const seen = async (rank: number, others: string[]) => {
    let own: unknown;
    const group = groupOf(["a", "a", "b", "b"], rank, (value) => {
      own = value;
      return [mine, [], others, []];
    });
    const thrown = await refuseUnlikeFiles(group, files).catch((error) => error);
    return { own, thrown };
  };
  expect(await seen(2, mine)).toEqual({ own: mine, thrown: undefined });
  // One rank of a host looks.
  expect((await seen(3, mine)).own).toEqual([]);
  const { thrown } = await seen(0, ["1.jpg of 5 bytes", "2.jpg of 4 bytes"]);
  expect(thrown).toMatchObject({ code: "hosts", data: { host: "b", expected: "2.jpg of 3 bytes" } });
});

it("warns of replicas whose engines may round otherwise", () => {
  expect(unlikeEngines(["wasm on X", "wasm on X"])).toBeUndefined();
  expect(unlikeEngines(["wasm on X", "wasm on X", "wasm on Y"], ["a", "a", "b"])).toContain(
    "rank 0 on host a computes by wasm on X, rank 2 on host b by wasm on Y",
  );
});
