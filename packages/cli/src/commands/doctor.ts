import type { EngineReport } from "@seg/backend";
import { Command } from "commander";
import { EXIT } from "../exit-code.ts";
import { table } from "../table.ts";
import { type Io, Terminal } from "../terminal.ts";
import { version } from "../version.ts";

/** `seg doctor`: tells which engines work here. */
export function doctorCommand(io: Io, exit: (code: number) => void): Command {
  return new Command("doctor")
    .description("tell which engines work here, what they run on and how fast they are")
    .option("--no-measure", "do not measure their speed")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but the table and errors")
    .addHelpText("after", "\nExamples:\n  seg doctor\n  seg doctor --json --no-measure")
    .action(async ({ measure, json, quiet }: { measure: boolean; json?: boolean; quiet?: boolean }) => {
      const terminal = new Terminal(io, { quiet });
      if (measure) terminal.note("Starting and measuring each engine…");
      const { cacheFolder, describeEngines } = await import("@seg/backend");
      const engines = await describeEngines({ measure, ...(io.signal && { signal: io.signal }) });
      const about = { seg: version, node: process.version, cache: cacheFolder(io.env) };
      if (json) terminal.print(JSON.stringify({ ...about, engines }));
      else {
        terminal.print(`seg ${about.seg}, Node ${about.node}, cache ${about.cache}`);
        for (const line of table(HEAD, engines.map(row))) terminal.print(line);
        for (const engine of engines) if (!engine.available) terminal.print(`${engine.name}: ${engine.reason}`);
      }
      exit(engines.some(({ available }) => available) ? EXIT.DONE : EXIT.FAILED);
    });
}

const HEAD = ["engine", "works", "package", "TensorFlow", "device", "threads", "GFLOP/s"];

function row(engine: EngineReport): string[] {
  const from = `${engine.package}${engine.version ? ` ${engine.version}` : ""}`;
  if (!engine.available) return [engine.name, "no", from, "", "", "", ""];
  const { name, tensorflow = "", device, threads, gflops } = engine;
  return [name, "yes", from, tensorflow, device, String(threads), gflops === undefined ? "" : gflops.toFixed(1)];
}
