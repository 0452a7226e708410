import { DECODER_REQUIREMENTS, type DecoderRequirements } from "@seg/decoders/requirements";
import type { Config } from "@seg/segmenter/config";
import { PipelineError } from "../errors.ts";

/**
 * Refuses a batch of one photo where batch norm would see one value per channel, which has no variance: after a pyramid's pooling of the
 * whole image, whatever the image's size.
 *
 * @throws {PipelineError} `config`.
 */
export function checkBatch({ MODEL, TRAIN }: Config, replicas: number): void {
  const { arch_decoder: decoder } = MODEL;
  const { poolsWholeImage = false }: DecoderRequirements = DECODER_REQUIREMENTS[decoder];
  if (!poolsWholeImage || TRAIN.fix_bn || TRAIN.batch_size_per_gpu * replicas > 1) return;
  const key = "TRAIN.batch_size_per_gpu";
  throw new PipelineError(
    "config",
    {
      expected: `at least 2 photos in a batch for decoder ${decoder}, whose pyramid leaves batch norm one value of each photo,`,
      received: "1",
      hint: `set ${key} to 2, train on 2 --replicas, whose batch norm is one, or set TRAIN.fix_bn to True`,
    },
    { data: { key, decoder, expected: 2, received: 1 } },
  );
}
