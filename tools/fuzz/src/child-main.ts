// What a child of the campaign runs: takes ranges of cases, makes each of its numbers, has it read, and tells what became of it.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { isSegError } from "@seg/errors";
import { type Case, caseOf, type Format, type Fuzzer, isAsExpected, type Reading } from "./format.ts";
import { type Guards, installGuards, type Offence } from "./guards.ts";
import { describe, faultOf } from "./judge.ts";
import { memoryOf, resetPeak } from "./memory.ts";
import type { FromChild, ToChild } from "./messages.ts";

const [, , formats = "", scratch = ""] = process.argv;
const { FORMATS } = (await import(formats)) as { FORMATS: readonly Format[] };

const send = (message: FromChild) => process.send!(message);
const late: Offence[] = [];
for (const event of ["unhandledRejection", "uncaughtException"] as const) {
  process.on(event, (error: unknown) => void late.push({ what: "executed", detail: `${event}: ${describe(error)}` }));
}

let guards: Guards | undefined;

process.on("message", async (task: ToChild) => {
  const format = FORMATS.find(({ name }) => name === task.format)!;
  const fuzzer = await format.prepare();
  guards ??= installGuards(scratch);
  guards.allowNetwork(fuzzer.usesNetwork ?? false);
  for (let index = task.from; index < task.to; index++) await run(fuzzer, task, index);
  send({ type: "idle" });
});
send({ type: "idle" });

async function run(fuzzer: Fuzzer, task: ToChild, index: number): Promise<void> {
  const made = await caseOf(fuzzer, task.seed, task.format, index);
  const folder = join(scratch, "case");
  const [file, size] = write(made, folder);
  resetPeak();
  const before = memoryOf("self");
  send({ type: "reading", index, kind: made.kind, size });
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  let reading: Reading | undefined;
  let outcome = "accepted";
  let said = "";
  let fault: string | undefined;
  guards!.begin();
  try {
    reading = await fuzzer.read(file, folder);
    outcome = reading?.refused ?? "accepted";
    fault = reading?.wrong && `implausible: ${reading.wrong}`;
  } catch (error) {
    const names = typeof fuzzer.names === "function" ? fuzzer.names(error) : fuzzer.names;
    outcome = isSegError(error) ? error.code : "raw";
    said = `: ${String(error).slice(0, 200)}`;
    fault = faultOf(error, names ?? Object.keys(made.files));
  }
  if (!isAsExpected(made, outcome, reading?.found)) {
    fault ??= `unexpected: ${reading?.found ?? outcome} where it is ${made.expected}${said}`;
  }
  // What was promised may fail a turn later.
  await turn();
  const { user, system } = process.cpuUsage(cpu);
  // On a busy machine the clock tells of others' work, while several threads take more than it.
  const seconds = Math.min(performance.now() - start, (user + system) / 1000) / 1000;
  const offences = [...guards!.take(), ...late.splice(0)].map(({ what, detail }) => `${what}: ${detail}`);
  const peak = before ? Math.max(0, memoryOf("self")!.peak - before.now - size - (reading?.bytes ?? 0)) : 0;
  rmSync(folder, { recursive: true, force: true });
  send({ type: "done", index, kind: made.kind, outcome, seconds, peak, fault: fault ?? offences[0] });
}

/** Writes a case's files; gives the first one's path, and the bytes of all. */
function write({ files }: Case, folder: string): [file: string, size: number] {
  mkdirSync(folder, { recursive: true });
  let size = 0;
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content);
    size += content.length;
  }
  return [join(folder, Object.keys(files)[0]!), size];
}
