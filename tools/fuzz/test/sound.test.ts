import { beforeAll, describe, expect, it } from "vitest";
import { FORMATS } from "../formats/index.ts";
import { runCampaign } from "../src/campaign.ts";

const MODULE = new URL("../formats/index.ts", import.meta.url);

describe("The sound files that cases are made of are accepted, each of them:", () => {
  const outcomes: Record<string, string[]> = Object.fromEntries(FORMATS.map(({ name }) => [name, []]));

  beforeAll(() =>
    runCampaign({
      ...{ formats: MODULE, cases: "sound", seed: "1", jobs: 2, limits: { time: 5, memory: 200e6 } },
      onOutcome: (format, { kind, outcome, fault }) => void outcomes[format]!.push(`${kind}: ${fault ?? outcome}`),
    }),
  );

  it.each(Object.keys(outcomes))("%s", (name) => {
    expect(outcomes[name]!.length).toBeGreaterThan(0);
    expect(new Set(outcomes[name])).toEqual(new Set(["sound: accepted"]));
  });
});
