import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { execArgvFor, ownModule, startProcess, startThread } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const SOURCE = ownModule("./fixtures/report", import.meta.url);

/** The same, built. */
function built(): URL {
  const file = join(temporaryFolder(), "report.mjs");
  writeFileSync(
    file,
    `import { parentPort, workerData } from "node:worker_threads";
     const report = { data: workerData, args: process.argv.slice(2) };
     parentPort ? parentPort.postMessage(report) : process.send(report);`,
  );
  return pathToFileURL(file);
}

it("finds a module by the extension that the caller's has", () => {
  expect(ownModule("./worker", "file:///a/src/pool.ts").href).toBe("file:///a/src/worker.ts");
  expect(ownModule("../replica/thread-main", "file:///a/dist/launch/thread-worker.js").href).toBe(
    "file:///a/dist/replica/thread-main.js",
  );
  expect(fileURLToPath(SOURCE)).toMatch(/report\.ts$/);
});

it.each([
  ["TypeScript", () => SOURCE],
  ["built", built],
])("starts a thread with a module that is %s", async (_, module) => {
  const [report] = await once(startThread(module(), { workerData: [1, 2] }), "message");
  expect(report).toMatchObject({ data: [1, 2] });
});

it.each([
  ["TypeScript", () => SOURCE],
  ["built", built],
])("starts a process with a module that is %s", async (_, module) => {
  const [report] = await once(startProcess(module(), ["a", "b"]), "message");
  expect(report).toMatchObject({ args: ["a", "b"] });
});

it("keeps the flags that are asked for", async () => {
  const code = "data:text/javascript,process.send(globalThis.flagged = 7)";
  const [first] = await once(startProcess(SOURCE, [], { execArgv: ["--import", code] }), "message");
  expect(first).toBe(7);
});

it("gives the arguments that run a source, and none for what is built", async () => {
  expect(execArgvFor(built())).toEqual([]);
  const [report] = await once(fork(SOURCE, ["x"], { execArgv: execArgvFor(SOURCE) }), "message");
  expect(report).toMatchObject({ args: ["x"] });
});
