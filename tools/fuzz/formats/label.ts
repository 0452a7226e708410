import { decodeImage, READY_CONVENTIONS, readLabel, readPair } from "@seg/ade20k-data";
import { HOSTILE_IMAGES } from "../../../packages/ade20k-data/test/support/hostile-images.ts";
import { picture, png } from "../build/png.ts";
import { build, type Format, type Fuzzer, type Reading } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import type { Random } from "../src/random.ts";
import { sample } from "./photo.ts";
import { HOSTILE_PNGS, smallHeader } from "./png.ts";

const CLASSES = 9;

/** Those that take most of a decoder: they have megabytes. */
const HURTING = HOSTILE_IMAGES.filter(({ name }) => name.includes("PNG"));

function judged({ labels, width, height }: { labels: Int16Array; width: number; height: number }): Reading {
  const outside = labels.find((label) => label < -1 || label >= CLASSES);
  const wrong =
    outside === undefined
      ? labels.length !== width * height && `${labels.length} labels for ${width}×${height}`
      : `label ${outside}`;
  return { bytes: labels.byteLength, wrong: wrong || undefined };
}

const seeds = [0, 3].flatMap((type) =>
  [1, 2, 4, 8].map((depth) => png(picture({ width: 8, height: 6, depth, type }, () => 0))),
);

/** A PNG that mostly could be a label, or a file of another format. */
async function someLabel(random: Random, others: readonly Uint8Array[]): Promise<Uint8Array> {
  return random.pick<() => Uint8Array>([
    () => png(picture(smallHeader(random), () => random.below(12))),
    () => mutateBytes(random, random.pick(seeds)),
    () => mutateBytes(random, random.pick(others)),
    () => random.pick(HOSTILE_PNGS)[2](random),
  ])();
}

/** Other formats that people save labels in. */
const otherFiles = () =>
  Promise.all([
    sample().jpeg().toBuffer(),
    sample().gif().toBuffer(),
    sample().webp().toBuffer(),
    sample().tiff().toBuffer(),
  ]);

/** Label files alone. */
export const LABEL: Format = {
  name: "label",
  weight: 10,
  async prepare(): Promise<Fuzzer> {
    const others = await otherFiles();
    return {
      sound: seeds.map((content) => ({ "label.png": content })),
      make: (random) =>
        build(random, [
          [30, "changed bytes", () => ({ "label.png": mutateBytes(random, random.pick(seeds)) })],
          [20, "any values", () => ({ "label.png": png(picture(smallHeader(random), () => random.below(256))) })],
          [8, "other formats", () => ({ "label.png": mutateBytes(random, random.pick(others)) })],
          [4, "a PNG made to hurt", async () => ({ "label.png": await random.pick(HURTING).build(random.fraction) })],
          ...HOSTILE_PNGS.map(([weight, kind, make]) => [weight, kind, () => ({ "label.png": make(random) })] as const),
        ]),
      read: async (file) => judged(await readLabel(file, { numClasses: CLASSES })),
    };
  },
};

/** A photo and its label. */
export const PAIR: Format = {
  name: "pair",
  weight: 5,
  async prepare(): Promise<Fuzzer> {
    const others = await otherFiles();
    const photos = await Promise.all([
      sample(8, 6).jpeg().toBuffer(),
      sample(8, 6).png().toBuffer(),
      sample(8, 6).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    ]);
    return {
      sound: photos.map((photo) => ({ "label.png": seeds[0]!, "photo.jpg": photo })),
      make: (random) =>
        build(random, [
          [
            3,
            "a photo and any label",
            async () => ({ "label.png": await someLabel(random, others), "photo.jpg": random.pick(photos) }),
          ],
          [
            1,
            "any photo and a label",
            () => ({ "label.png": random.pick(seeds), "photo.jpg": mutateBytes(random, random.pick(photos)) }),
          ],
        ]),
      async read(labelPath, folder) {
        const imagePath = `${folder}/photo.jpg`;
        const { photo, label } = await readPair(
          { imagePath, labelPath },
          { numClasses: CLASSES, convention: READY_CONVENTIONS.ade20k },
        );
        const { width, height } = await decodeImage(imagePath);
        const { bytes = 0, wrong } = judged(label);
        const isFit = [photo, label].every((one) => one.width === width && one.height === height);
        return {
          bytes: bytes + 2 * photo.data.length,
          wrong: wrong ?? (isFit ? undefined : "another size than its photo's"),
        };
      },
    };
  },
};
