import { decodeImage } from "@seg/ade20k-data";
import sharp, { type Sharp } from "sharp";
import type { Builder, Format, Fuzzer, Reading } from "../src/format.ts";
import { build } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import type { Random } from "../src/random.ts";

/** Decodes a photo, holds its bytes against its size, and tells it. */
export async function readPhoto(file: string): Promise<Reading> {
  const { data, width, height } = await decodeImage(file);
  const expected = width * height * 3;
  return {
    bytes: data.length,
    found: `${width}×${height}`,
    wrong: data.length === expected ? undefined : `${data.length} bytes for ${width}×${height}`,
  };
}

/** A small picture, to be written in whatever form. */
export function sample(width = 12, height = 9, channels: 1 | 3 | 4 = 3): Sharp {
  const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 37) % 251);
  return sharp(pixels, { raw: { width, height, channels } });
}

/** A format of photos: changed bytes of its seeds, and what its builders make. */
export function photoFormat(
  name: string,
  weight: number,
  seedsOf: () => Promise<readonly Uint8Array[]>,
  builders: readonly (readonly [
    weight: number,
    kind: string,
    make: (random: Random, seeds: readonly Uint8Array[]) => Uint8Array,
  ])[] = [],
): Format {
  return {
    name,
    weight,
    async prepare(): Promise<Fuzzer> {
      const seeds = await seedsOf();
      const file = (content: Uint8Array) => ({ [`photo.${name}`]: content });
      const made: Builder[] = builders.map(([share, kind, make]) => [
        share,
        kind,
        (random) => file(make(random, seeds)),
      ]);
      return {
        sound: seeds.map(file),
        make: (random) =>
          build(random, [[50, "changed bytes", () => file(mutateBytes(random, random.pick(seeds)))], ...made]),
        read: readPhoto,
      };
    },
  };
}
