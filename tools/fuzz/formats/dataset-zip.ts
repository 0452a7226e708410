import { readdirSync } from "node:fs";
import { relative } from "node:path";
import { fetchAde20k } from "@seg/pipeline/dataset";
import { picture, png } from "../build/png.ts";
import { disordered, type ZipEntry, zip } from "../build/zip.ts";
import { build, type Format, type Fuzzer } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import { NASTY_TEXTS } from "../src/mutate-text.ts";
import type { Random } from "../src/random.ts";
import { sample } from "./photo.ts";

const ROOT = "ADEChallengeData2016";

/** What may lie in the folder afterwards: the set's own photos and labels, MIT's two texts, the lists made of them, and that unpacking has begun. */
const NAME = "(?!\\.)[^/\\\\\\p{C}]+";
const WRITTEN = new RegExp(
  `^(${ROOT}/(images/(training|validation)/${NAME}\\.jpg|annotations/(training|validation)/${NAME}\\.png|\\w+\\.txt)|(training|validation)\\.odgt|${ROOT}\\.unfinished)$`,
  "u",
);

/** Names that lead elsewhere, or to what others take for theirs. */
const NAMES: readonly string[] = [
  "../evil",
  "/tmp/evil",
  "..\\evil",
  "C:\\evil",
  `${ROOT}/../../evil`,
  `${ROOT}/images/training/../../../.npmrc`,
  ".npmrc",
  "package.json",
  "node_modules/sharp/index.js",
  `${ROOT}/.npmrc`,
  `${ROOT}/node_modules/x/index.js`,
  `${ROOT}/images/training/.hidden`,
  `${ROOT}/images/training/evil.sh`,
  `${ROOT}/images/training/ADE_train_00000001.jpg/evil.jpg`,
  `${ROOT}/images`,
  `${ROOT}/images/training/a\u0000.jpg`,
  `${ROOT}/images/training/${"n".repeat(300)}.jpg`,
  `${ROOT}/${"d/".repeat(2000)}x.jpg`,
  "training.odgt",
  "",
  "/",
  ".",
];

/** MIT's zip of the data set. */
export const DATASET_ZIP: Format = {
  name: "dataset-zip",
  weight: 3,
  async prepare(): Promise<Fuzzer> {
    const photo = await sample(6, 4).jpeg().toBuffer();
    const label = png(picture({ width: 6, height: 4 }, () => 3));
    const sound: ZipEntry[] = [
      ["training", "ADE_train_00000001"],
      ["validation", "ADE_val_00000001"],
    ].flatMap(([split, name]) => [
      { name: `${ROOT}/images/${split}/${name}.jpg`, data: photo },
      { name: `${ROOT}/annotations/${split}/${name}.png`, data: label, packed: true },
    ]);
    const file = (content: Uint8Array) => ({ "set.zip": content });
    const evil = (random: Random): ZipEntry => ({
      name: random.oneIn(4) ? `${ROOT}/images/training/${random.pick(NASTY_TEXTS)}.jpg` : random.pick(NAMES),
      data: photo,
      mode: random.pick([0o100644, 0o120777, 0o100755, 0o040755]),
    });
    return {
      // What lacks a label is a photo of the set, wherever it lay.
      names: ["set.zip", ROOT],
      sound: [file(zip(sound))],
      make: (random) =>
        build(random, [
          [30, "changed bytes", () => file(mutateBytes(random, zip(sound)))],
          [30, "disordered entries", () => file(disordered(random, sound))],
          [30, "names that lead elsewhere", () => file(zip(random.shuffled([...sound, evil(random)])))],
          [
            5,
            "links",
            () => file(zip([{ name: `${ROOT}/images`, data: Buffer.from("/tmp"), mode: 0o120777 }, ...sound])),
          ],
          [2, "many entries", () => file(zip([...sound, ...manyEntries(random)]))],
          [2, "bombs", () => file(zip([...sound, bomb(random)]))],
        ]),
      async read(from, folder) {
        const into = `${folder}/data`;
        const refusal = await fetchAde20k({ folder: into, from }).then(
          () => undefined,
          (error: unknown) => error,
        );
        const foreign = writtenIn(into).find((name) => !WRITTEN.test(name));
        // No typed error: whatever else went wrong, this is worse.
        if (foreign !== undefined) throw new Error(`wrote ${JSON.stringify(foreign.slice(0, 200))}`);
        if (refusal) throw refusal;
        return undefined;
      },
    };
  },
};

function manyEntries(random: Random): ZipEntry[] {
  const count = random.oneIn(20) ? 65_000 : random.size(2000);
  return Array.from({ length: count }, (_, i) => ({
    name: `${ROOT}/x/${i}.txt`,
    data: Buffer.alloc(0),
    comment: Buffer.alloc(random.below(100)),
  }));
}

const bomb = (random: Random): ZipEntry => ({
  name: `${ROOT}/images/training/ADE_train_00000002.jpg`,
  data: Buffer.alloc(random.oneIn(5) ? 2 ** 26 : random.size(2 ** 22)),
  packed: true,
  size: random.oneIn(2) ? random.pick([0, 100, 2 ** 31, 2 ** 32 - 1]) : undefined,
});

function writtenIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(folder, `${entry.parentPath}/${entry.name}`));
  } catch {
    return [];
  }
}
