import { DECODER_NAMES, type DecoderName } from "@seg/decoders";
import { unmetRequirement } from "@seg/decoders/requirements";
import { ENCODER_NAMES, type EncoderName, FEATURE_INFO } from "@seg/encoders";
import { describeNetworks } from "./networks.ts";

const fitting = (encoder: EncoderName): DecoderName[] =>
  DECODER_NAMES.filter((decoder) => unmetRequirement(decoder, FEATURE_INFO[encoder]) === undefined);

describeNetworks(new Map(ENCODER_NAMES.map((name) => [name, fitting(name)])), [1, 65, 83], ["wasm", "tensorflow"]);
