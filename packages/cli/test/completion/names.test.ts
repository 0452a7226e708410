import { loadConfig, presetNames } from "@seg/pipeline/config";
import { expect, it } from "vitest";
import { DECODERS, ENCODERS, KEYS, PRESETS } from "../../src/completion/names.ts";
import { runSeg } from "../run-seg.ts";

it("completion knows the presets and the keys of the configuration, each of them", () => {
  expect(PRESETS).toEqual(presetNames());
  const keys = Object.entries(loadConfig().config).flatMap(([section, values]) =>
    typeof values === "object" ? Object.keys(values).map((key) => `${section}.${key}`) : [section],
  );
  expect([...KEYS].sort()).toEqual(keys.sort());
});

it.each([
  ["encoder", ENCODERS],
  ["decoder", DECODERS],
] as const)("and every %s", async (network, names) => {
  // Who asks for an unknown one is told them all.
  const { stderr } = await runSeg(["config", `--arch_${network}`, "qqqqqqqqqq"]);
  const [, told = ""] = /the choices are ([^.]*)/.exec(stderr) ?? [];
  expect(told.split(/, | and /).sort()).toEqual([...names].sort());
});
