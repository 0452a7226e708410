import { PipelineError } from "@seg/pipeline/config";
import { Command } from "commander";
import { expect, it } from "vitest";
import { withWayOut } from "../../src/flags/way-out.ts";

const command = new Command("eval").option("--num-class <n>").option("--backend <engine>").option("--demo");
const told = (error: Error, of = command) => withWayOut(error.message, error, of);

it("names the flag of the key that a library's line speaks of, where the command has it and the line does not name it", () => {
  const wrong = (line: string) => new PipelineError("config", line, { data: { key: "DATASET.num_class" } });
  expect(told(wrong("Expected DATASET.num_class 11: set it to 11."))).toBe(
    "Expected DATASET.num_class 11: set it to 11 (DATASET.num_class is --num-class).",
  );
  for (const line of ["Wrong DATASET.num_class (--num-class).", "Expected 11 classes."]) {
    expect(told(wrong(line))).toBe(line);
  }
  expect(told(wrong("Wrong DATASET.num_class."), new Command("doctor"))).toBe("Wrong DATASET.num_class.");
});

it("says what to do without an engine, without a network, and without memory", () => {
  expect(told(new PipelineError("engine-unavailable", "Engine x cannot start: no GPU"))).toBe(
    "Engine x cannot start: no GPU. `seg doctor` says what works here; without --backend the fastest of it is taken.",
  );
  expect(told(new PipelineError("missing", "No weights.", { data: { url: "http://host.test/a" } }))).toBe(
    "No weights. Without a network, --demo takes the small model that comes along.",
  );
  expect(told(new RangeError("Array buffer allocation failed"))).toMatch(/: memory ran out, so do less at a time/);
  expect(told(new TypeError("a bug"))).toBe("a bug");
});
