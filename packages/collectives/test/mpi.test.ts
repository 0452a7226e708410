import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadMpi } from "../src/mpi/bindings.ts";
import { compileLibrary, compiler } from "./compile-library.ts";
import { hasMpirun, launchMpi, mpirun } from "./launch.ts";
import { compileRanks } from "./ranks/compile.ts";
import { anError, describeGroup } from "./suite.ts";

describe.skipIf(!hasMpirun)(`MPI${hasMpirun ? "" : " (skipped: no mpirun of Open MPI)"}`, () => {
  describeGroup("A group of MPI ranks", launchMpi, { sizes: [2, 3, 8], toldAtOnce: false }, (launch) => {
    it.each(["dispose", "throw", "kill"])(
      "tells that a rank has left by %s, where the launcher lets the others go on",
      async (way) => {
        const findings = await launch({ size: 3, scenario: "leaves", argument: way });
        const said = anError("dead", { rank: 1, during: "allReduce" });
        expect([findings[0], findings[2]]).toEqual([said, said]);
      },
    );
  });

  describe("A program under mpirun", () => {
    let compiled: string;
    beforeAll(() => {
      compiled = compileRanks();
    });
    afterAll(() => rmSync(compiled, { recursive: true }));

    /** Runs `body`, where `join()` gives the group and `rank` is there before it. */
    function program(size: number, body: string) {
      const script = join(compiled, "program.js");
      const imports = `import { joinMpiGroup as join, mpiLaunch } from "./src/index.js"; const { rank } = mpiLaunch();
        const joinMpiGroup = (options) => join({ timeoutMs: Infinity, ...options });
        const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);`;
      writeFileSync(script, `${imports}\n${body}`);
      return mpirun(size, [script]);
    }

    it("ends well, with all that waits for its exit done", async () => {
      const run = await program(
        3,
        `const group = joinMpiGroup();
        process.on("exit", () => console.error("last words of " + rank));
        const again = joinMpiGroup();
        const data = Float32Array.of(rank);
        again.allReduce(data);
        group.dispose();
        console.error("sum " + data[0]);`,
      );
      expect(run.code).toBe(0);
      expect(run.stderr.split("\n").sort().join("\n").trim()).toBe(
        "last words of 0\nlast words of 1\nlast words of 2\nsum 3\nsum 3\nsum 3",
      );
    });

    it("ends well though a rank ends long before another", async () => {
      const run = await program(
        2,
        `joinMpiGroup().barrier();
        if (rank === 0) sleep(12_000);
        process.on("exit", () => console.error("last words of " + rank));`,
      );
      expect(run).toMatchObject({ code: 0 });
      expect(run.stderr).toContain("last words of 0");
    });

    it("ends when a rank is killed, and mpirun names it", async () => {
      const run = await program(
        3,
        `const group = joinMpiGroup();
        const data = new Float32Array(100_000);
        for (let i = 0; ; i++) {
          group.allReduce(data);
          if (rank === 1 && i === 20) process.kill(process.pid, "SIGKILL");
        }`,
      );
      expect(run.code).not.toBe(0);
      expect(run.stderr).toMatch(/process rank 1 with PID \d+ .*exited on signal 9/);
    });

    it("ends when a rank is stuck, and the others name it", async () => {
      const run = await program(
        3,
        `joinMpiGroup();
        const group = joinMpiGroup({ timeoutMs: 3000 });
        if (rank === 1) sleep(60_000);
        group.allReduce(new Float32Array(5));`,
      );
      expect(run.code).not.toBe(0);
      expect(run.stderr).toContain("Expected all ranks to come to allReduce within 3 s but rank 1 did not");
    });

    it("ends when a rank never joins", async () => {
      const run = await program(3, "if (rank === 1) sleep(60_000); joinMpiGroup({ timeoutMs: 3000 });");
      expect(run.code).not.toBe(0);
      expect(run.stderr).toContain("Expected all ranks to start MPI within 3 s but one at least did not");
    });
  });
});

it.each([
  ["linux", "install it (Debian, Ubuntu: apt-get install openmpi-bin libopenmpi3; Fedora: dnf install openmpi)"],
  ["darwin", "install it (brew install open-mpi), or add its folder to DYLD_LIBRARY_PATH."],
  ["freebsd", "install it (pkg install openmpi), or add its folder to LD_LIBRARY_PATH."],
] as const)("says what to install where there is no MPI on %s", (platform, wayOut) => {
  const said = `Expected Open MPI but found no library /nowhere/libmpi.so.40: ${wayOut}`;
  expect(() => loadMpi("/nowhere/libmpi.so.40", platform)).toThrow(said);
});

const onMac = process.platform === "darwin";
it.skipIf(onMac)(`looks for macOS's names on macOS${onMac ? " (skipped: here they may be there)" : ""}`, () => {
  expect(() => loadMpi(undefined, "darwin")).toThrow(
    expect.objectContaining({ code: "unavailable", data: { library: "libmpi.40.dylib", platform: "darwin" } }),
  );
});

it("says what works instead on Windows", () => {
  expect(() => loadMpi(undefined, "win32")).toThrow(
    expect.objectContaining({ code: "unavailable", data: { platform: "win32" } }),
  );
});

it.skipIf(!compiler)(`refuses MPICH by name${compiler ? "" : " (skipped: no C compiler)"}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "mpich-"));
  try {
    const library = compileLibrary(
      folder,
      `#include <string.h>
      int MPI_Get_library_version(char *text, int *length) {
        strcpy(text, "MPICH Version:      4.0.2\\nMPICH Release date: Thu Apr  7 12:34:45 CDT 2022");
        *length = strlen(text);
        return 0;
      }`,
    );
    expect(() => loadMpi(library)).toThrow(
      expect.objectContaining({ code: "unavailable", data: { library, received: "MPICH 4.0.2" } }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
