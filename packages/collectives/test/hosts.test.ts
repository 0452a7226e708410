import { readdirSync, rmSync } from "node:fs";
import { start, unlessHosts, until } from "@seg/testing/hosts";
import { afterEach, describe, expect, it } from "vitest";
import { rankOf, summingHosts } from "./hosts.ts";

describe.skipIf(unlessHosts)(`Ranks on two hosts${unlessHosts}`, () => {
  let made: Awaited<ReturnType<typeof summingHosts>>;
  afterEach(async () => {
    await made.hosts.dispose();
    rmSync(made.folder, { recursive: true });
  });

  it("send strangers away, name one that was killed, and its host, and leave nothing", async () => {
    made = await summingHosts(["--mca", "btl_tcp_port_min_v4", "46100", "--mca", "btl_tcp_port_range_v4", "100"]);
    const { hosts, run, ranksOn, isEmpty } = made;
    for (const words of ["no token 1\\n", "x".repeat(1000)]) {
      const call = `require("net").connect(46199, "${hosts.addressOf("a")}").on("close", () => console.log("closed")).write("${words}")`;
      const stranger = start([...hosts.wordsOn("b"), process.execPath, "-e", call]);
      expect(await stranger.ended).toBe(0);
      expect(stranger.said.stdout).toBe("closed\n");
    }
    expect(ranksOn("a").concat(ranksOn("b"))).toHaveLength(4);
    const [victim] = ranksOn("b");
    const rank = rankOf(victim!.pid);
    process.kill(victim!.pid, "SIGKILL");
    expect(await run.ended).not.toBe(0);
    expect(run.said.stderr).toContain(
      `Expected all ranks to come to allReduce but rank ${rank} on host b has ended or left the group: see what it said last`,
    );
    await until(() => isEmpty("a") && isEmpty("b"));
    for (const host of hosts.names) expect(readdirSync(hosts.pathOn(host, "/dev/shm"))).toEqual([]);
  });
});
