import { expect, it } from "vitest";
import { FORMATS } from "../formats/index.ts";
import { runCampaign } from "../src/campaign.ts";

const MODULE = new URL("../formats/index.ts", import.meta.url);

it.each(FORMATS)("every sound file of $name, from which cases are made, is accepted", async ({ name, prepare }) => {
  const cases = (await prepare()).sound.length;
  const outcomes: string[] = [];
  await runCampaign({
    ...{ formats: MODULE, names: [name], cases, seed: "1", jobs: 1, limits: { time: 5, memory: 200e6 } },
    onOutcome: (_, { kind, outcome, fault }) => void outcomes.push(`${kind}: ${fault ?? outcome}`),
  });
  expect(cases).toBeGreaterThan(0);
  expect(outcomes).toEqual(Array<string>(cases).fill("sound: accepted"));
});
