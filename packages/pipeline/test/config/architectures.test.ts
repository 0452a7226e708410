import { DECODER_NAMES as DECODERS } from "@seg/decoders";
import { ENCODER_NAMES, FEATURE_INFO } from "@seg/encoders";
import { expect, it } from "vitest";
import { DECODER_NAMES, ENCODERS } from "../../src/config/architectures.ts";

it("knows the encoders and decoders that there are", () => {
  expect(Object.keys(ENCODERS).sort()).toEqual([...ENCODER_NAMES].sort());
  expect([...DECODER_NAMES].sort()).toEqual([...DECODERS].sort());
});

it.each(ENCODER_NAMES)("knows what features %s gives", (name) => {
  const { channels, stride } = FEATURE_INFO[name].at(-1)!;
  expect(ENCODERS[name]).toMatchObject({ fcDim: channels, stride, features: FEATURE_INFO[name].length });
});
