import { join } from "node:path";
import { DEMO_MODEL, DEMO_PHOTO } from "@seg/pipeline/config";
import { type Io, Terminal } from "../terminal/terminal.ts";
import { type TestOptions, test } from "./test.ts";

/** What commander makes of the flags of `seg demo`. */
export interface DemoFlags extends TestOptions {
  result: string;
}

/**
 * Does what `seg demo` is asked to.
 *
 * @returns the exit code.
 */
export async function demo(options: DemoFlags, io: Io): Promise<number> {
  const set = Object.entries(DEMO_MODEL.set).map(([key, value]) => `${key}=${value}`);
  const code = await test([DEMO_PHOTO], { ...options, cfg: DEMO_MODEL.config, set, legendInside: true }, io);
  if (!options.json) {
    new Terminal(io).print(`The picture, with its legend, is ${join(options.result, "china_overlay.png")}.`);
  }
  return code;
}
