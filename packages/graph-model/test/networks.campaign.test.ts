import type { DecoderName } from "@seg/decoders";
import type { EncoderName } from "@seg/encoders";
import { describeNetworks } from "./networks.ts";

// Each encoder and each decoder at least once.
const PAIRS: Record<EncoderName, DecoderName[]> = {
  mobilenetv2dilated: ["c1_deepsup", "ppm_deepsup"],
  resnet18: ["upernet_lite"],
  resnet18dilated: ["c1", "ppm_deepsup"],
  resnet50: ["upernet"],
  resnet50dilated: ["ppm_deepsup"],
  resnet101: ["upernet"],
  resnet101dilated: ["ppm"],
  resnext101: ["upernet"],
  hrnetv2: ["c1"],
};

describeNetworks(new Map(Object.entries(PAIRS) as [EncoderName, DecoderName[]][]), [1, 65, 83], ["tensorflow"]);
