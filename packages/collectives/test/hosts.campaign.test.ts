import { rmSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { QUICK_LOOK, unlessHosts, until } from "@seg/testing/hosts";
import { describe, it, type TestContext } from "vitest";
import { summingHosts } from "./hosts.ts";

const LOST = /Expected all ranks to come to allReduce but rank [23] on host b cannot be reached any more: see whether/;

// Side by side, as all of them wait, most of the time, for what is not told.
describe.skipIf(unlessHosts)(`Ranks on two hosts that part${unlessHosts}`, { concurrent: true }, () => {
  /** Hosts that end with the test. */
  async function summing(onTestFinished: TestContext["onTestFinished"]) {
    const made = await summingHosts(QUICK_LOOK);
    onTestFinished(async () => {
      await made.hosts.dispose();
      rmSync(made.folder, { recursive: true });
    });
    return made;
  }

  it("name one whose host vanished", async ({ expect, onTestFinished }) => {
    const made = await summing(onTestFinished);
    await made.hosts.vanish("b");
    expect(await made.run.ended).not.toBe(0);
    expect(made.run.said.stderr).toMatch(LOST);
    await until(() => made.isEmpty("a"));
  });

  it("name one that the network does not reach, and end on both sides", async ({ expect, onTestFinished }) => {
    const made = await summing(onTestFinished);
    made.hosts.link("b", "down");
    expect(await made.run.ended).not.toBe(0);
    expect(made.run.said.stderr).toMatch(LOST);
    await until(() => made.isEmpty("a") && made.isEmpty("b"));
  });

  it("go on after one was stopped, and the network away, for a while", async ({ expect, onTestFinished }) => {
    const made = await summing(onTestFinished);
    const { hosts, run, ranksOn } = made;
    const { pid } = ranksOn("b")[0]!;
    process.kill(pid, "SIGSTOP");
    hosts.link("b", "down");
    // Packets are sent again at ever longer intervals, so that the silence may be twice as long.
    await setTimeout(4000);
    hosts.link("b", "up");
    await setTimeout(35_000);
    process.kill(pid, "SIGCONT");
    await setTimeout(3000);
    expect(run.said.stderr).toBe("");
    expect(run.child.exitCode).toBeNull();
    expect(ranksOn("a").concat(ranksOn("b"))).toHaveLength(4);
  });
});
