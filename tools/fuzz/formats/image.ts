import { damaged, HOSTILE_IMAGES, SMALL_IMAGES } from "../../../packages/ade20k-data/test/support/hostile-images.ts";
import type { Case, Format, Fuzzer } from "../src/format.ts";
import type { Random } from "../src/random.ts";
import { readPhoto } from "./photo.ts";

const file = (content: Uint8Array) => ({ "photo.any": content });

/** One of the pictures that are known to make decoders slow or large, and what must become of it. They have megabytes: one in some cases. */
async function hostile(random: Random): Promise<Case> {
  const { name, expected, build } = random.pick(HOSTILE_IMAGES);
  const files = file(await build(random.fraction));
  return { kind: name, files, expected: typeof expected === "string" ? expected : expected.join("×") };
}

/** Pictures of every kind that the tests of images have, AVIF among them. */
export const IMAGE: Format = {
  name: "image",
  weight: 4,
  async prepare(): Promise<Fuzzer> {
    const small = await Promise.all(SMALL_IMAGES.map((build) => build()));
    return {
      sound: small.map(file),
      make: (random) =>
        random.oneIn(8)
          ? hostile(random)
          : { kind: "damaged", files: file(damaged(random.pick(small), random.fraction)) },
      read: readPhoto,
    };
  },
};
