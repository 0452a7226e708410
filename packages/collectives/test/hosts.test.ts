import { readdirSync, rmSync } from "node:fs";
import { unlessHosts, until } from "@seg/testing/hosts";
import { afterEach, describe, expect, it } from "vitest";
import { rankOf, summingHosts } from "./hosts.ts";

describe.skipIf(unlessHosts)(`Ranks on two hosts${unlessHosts}`, () => {
  let made: Awaited<ReturnType<typeof summingHosts>>;
  afterEach(async () => {
    await made.hosts.dispose();
    rmSync(made.folder, { recursive: true });
  });

  it("name one that was killed, and its host, and leave nothing", async () => {
    made = await summingHosts();
    const { hosts, run, ranksOn, isEmpty } = made;
    const [victim] = ranksOn("b");
    const rank = rankOf(victim!.pid);
    process.kill(victim!.pid, "SIGKILL");
    expect(await run.ended).not.toBe(0);
    expect(run.said.stderr).toContain(
      `Expected all ranks to come to allReduce but rank ${rank} on host b has ended or left the group.`,
    );
    await until(() => isEmpty("a") && isEmpty("b"));
    for (const host of hosts.names) expect(readdirSync(hosts.pathOn(host, "/dev/shm"))).toEqual([]);
  });
});
