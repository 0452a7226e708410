import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { joinProcessGroup } from "../src/processes/process-group.ts";
import { createSegment, FOLDERS, openSegment, pathIn } from "../src/processes/segment.ts";
import { loadSystemCalls } from "../src/processes/system-calls.ts";
import { launchProcesses, NAMES, running } from "./launch.ts";
import { expectedBytes, expectedResults } from "./oracle.ts";
import { compileRanks } from "./ranks/compile.ts";
import { anError, describeGroup, everyRank, refusal } from "./suite.ts";

const noPs = spawnSync("ps", ["-o", "stat=", "-o", "lstart=", "-p", String(process.pid)]).status !== 0;

/** Whether this user may mount something where nobody else sees it. */
const canMount = spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

const leftovers = () => (existsSync("/dev/shm") ? readdirSync("/dev/shm").filter((file) => file.includes(NAMES)) : []);

// In whatever way a test's groups end.
afterEach(() => expect(leftovers()).toEqual([]));

describeGroup("A group of processes", launchProcesses, { sizes: [2, 3, 8], toldAtOnce: true }, (launch) => {
  it.each([1, 17])("sums through slots of %i numbers", async (chunkLength) => {
    const lengths = [0, 1, 5, 513, 3001];
    const findings = await launch({ size: 4, chunkLength, scenario: "results", argument: lengths });
    expect(findings).toEqual(everyRank(4, expectedResults(4, lengths)));
  });

  it("carries bytes through slots of one number", async () => {
    const lengths = [0, 1, 4, 5, 513];
    const findings = await launch({ size: 4, chunkLength: 1, scenario: "bytes", argument: lengths });
    expect(findings).toEqual(everyRank(4, expectedBytes(4, lengths)));
  });

  it.each([[0], [1]])("does not form without rank %i, and names it", async (missing) => {
    const findings = await launch({ size: 3, timeoutMs: 3000, without: [missing], scenario: "endless", argument: 5 });
    const said = anError("timeout", { rank: missing, ranks: [missing], timeoutMs: 3000 });
    expect(findings.filter((_, rank) => rank !== missing)).toEqual([said, said]);
  });

  it.each(["dispose", "exit", "throw", "kill"])("tells that a rank has left by %s", async (way) => {
    const findings = await launch({ size: 3, scenario: "leaves", argument: way });
    const said = anError("dead", { rank: 1, during: "allReduce" });
    expect([findings[0], findings[2]]).toEqual([said, said]);
  });

  it.each([0, 1])("tells that rank %i was killed in the middle of a sum", async (victim) => {
    const kill = { rank: victim, once: running };
    const findings = await launch({ size: 3, scenario: "endless", argument: 1_000_000, kill });
    const said = anError("dead", { rank: victim, during: "allReduce" });
    expect(findings.filter((_, rank) => rank !== victim)).toEqual([said, said]);
  });

  // Without futexes and /proc, as there.
  it.skipIf(noPs).each(["darwin", "freebsd"] as const)(
    `sums as it would on %s${noPs ? " (skipped: no ps that tells when a process started)" : ""}`,
    async (platform) => {
      const lengths = [0, 1, 513, 70_001];
      const findings = await launch({ platform, size: 3, scenario: "results", argument: lengths });
      expect(findings).toEqual(everyRank(3, expectedResults(3, lengths)));
      const kill = { rank: 1, once: running };
      const others = await launch({ platform, size: 3, scenario: "endless", argument: 1_000_000, kill });
      const said = anError("dead", { rank: 1, during: "allReduce" });
      expect([others[0], others[2]]).toEqual([said, said]);
    },
  );

  it("leaves nothing when all ranks are killed", async () => {
    const findings = await launch({
      size: 3,
      scenario: "endless",
      argument: 1000,
      kill: { rank: "all", once: running },
    });
    expect(findings).toEqual([undefined, undefined, undefined]);
  });

  it("takes the name of a group that was killed while it formed", async () => {
    const name = `${NAMES}twice`;
    await launch({
      name,
      size: 3,
      without: [1],
      scenario: "endless",
      kill: { rank: "all", once: () => leftovers().length > 0 },
    });
    expect(leftovers()).not.toEqual([]);
    expect(await launch({ name, size: 3, scenario: "manyCalls", argument: 3 })).toEqual([0, 0, 0]);
  });

  it("removes what another group left that was killed while it formed", async () => {
    await launch({
      size: 2,
      without: [1],
      scenario: "endless",
      kill: { rank: "all", once: () => leftovers().length > 0 },
    });
    expect(leftovers()).not.toEqual([]);
    expect(await launch({ size: 2, scenario: "manyCalls", argument: 3 })).toEqual([0, 0]);
  });
});

it("says what works instead on Windows", () => {
  expect(() => loadSystemCalls("win32")).toThrow(
    expect.objectContaining({ code: "unavailable", data: { platform: "win32" } }),
  );
});

it("refuses a name that a living group has, one that cannot be, and sizes that differ", () => {
  const name = `${NAMES}taken`;
  const segment = createSegment(name, 2, 16);
  expect(() => joinProcessGroup({ name, rank: 0, size: 2 })).toThrow(refusal("name", name));
  expect(() => joinProcessGroup({ name, rank: 1, size: 3 })).toThrow(
    expect.objectContaining({ code: "mismatch", rank: 1, data: { rank: 1, group: name, expected: 2, received: 3 } }),
  );
  segment.unlink();
  expect(() => joinProcessGroup({ name: "a/b", rank: 0, size: 2 })).toThrow(refusal("name", "a/b"));
  expect(() => joinProcessGroup({ name, rank: 2, size: 2 })).toThrow(refusal("rank", 2));
});

it("does not take away a segment that has replaced its own", () => {
  const name = `${NAMES}replaced`;
  const first = createSegment(name, 2, 16);
  first.unlink();
  const second = createSegment(name, 2, 16);
  first.unlink();
  expect(openSegment(name)?.chunkLength).toBe(16);
  second.unlink();
  expect(openSegment(name)).toBeUndefined();
});

it.skipIf(!canMount)(
  `takes a file where shared memory is full, and names what to do where there is none${canMount ? "" : " (skipped: no mount namespaces)"}`,
  async () => {
    const compiled = compileRanks();
    const program = `
    const { createSegment, openSegment } = await import(${JSON.stringify(join(compiled, "src/processes/segment.js"))});
    try {
      const segment = createSegment("${NAMES}full", 2, 2 ** 18);
      console.log(openSegment("${NAMES}full")?.chunkLength);
      segment.unlink();
    } catch (error) {
      console.log(error.code, error.message);
    }`;
    const inNamespace = (folder: string) => {
      const script = 'mount -t tmpfs -o size=64k none /dev/shm && exec "$@"';
      const argv = ["-m", "sh", "-c", script, "sh", process.execPath, "--input-type=module", "-e", program];
      return execFileSync("unshare", argv, { encoding: "utf8", env: { ...process.env, TMPDIR: folder } }).trim();
    };
    try {
      expect(inNamespace(compiled)).toBe(String(2 ** 18));
      expect(inNamespace("/nowhere")).toMatch(
        /^unavailable Expected 7 MiB .* in \/dev\/shm or \/nowhere .*ENOSPC.*: free some there, or set TMPDIR/,
      );
    } finally {
      rmSync(compiled, { recursive: true });
    }
  },
);

it("refuses a file of its name that is something else", () => {
  const name = `${NAMES}foreign`;
  writeFileSync(pathIn(FOLDERS[0]!, name), "something else");
  expect(openSegment(name)).toBeUndefined();
  expect(() => createSegment(name, 2, 16)).toThrow(refusal("name", name));
  rmSync(pathIn(FOLDERS[0]!, name));
});
