import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";

/** A data set of a few small photos: what is left of a border is dark and class 1, what is right of it bright and class 2. */
export interface TinyDataset {
  list: string;
  images: string[];
  labels: string[];
}

/** The size of a photo; every other one is wider, so that batches are padded. */
export const sizeOf = (photo: number) => ({ width: photo % 2 === 0 ? 40 : 56, height: 32 });

/** Makes a data set; the void (0) is a strip at the bottom. */
export async function tinyDataset(folder: string, { name = "train", photos = 4 } = {}): Promise<TinyDataset> {
  mkdirSync(folder, { recursive: true });
  const images: string[] = [];
  const labels: string[] = [];
  for (let i = 0; i < photos; i++) {
    const { width, height } = sizeOf(i);
    const border = 8 + ((i * 7) % 24);
    const photo = new Uint8Array(width * height * 3);
    const label = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        // A texture, so that photos differ everywhere.
        photo.fill((x < border ? 40 : 200) + ((x * 5 + y * 3 + i * 11) % 32), at * 3, at * 3 + 3);
        label[at] = y >= height - 4 ? 0 : x < border ? 1 : 2;
      }
    }
    images.push(join(folder, `${name}-${i}.png`));
    labels.push(join(folder, `${name}-${i}-label.png`));
    await sharp(photo, { raw: { width, height, channels: 3 } }).toFile(images[i]!);
    await writeLabel(labels[i]!, label, width);
  }
  const list = join(folder, `${name}.odgt`);
  const lines = images.map((image, i) => JSON.stringify({ fpath_img: image, fpath_segm: labels[i], ...sizeOf(i) }));
  writeFileSync(list, `${lines.join("\n")}\n`);
  return { list, images, labels };
}

/** Writes a label file of one value a pixel. */
export async function writeLabel(path: string, values: Uint8Array, width: number): Promise<void> {
  await sharp(values, { raw: { width, height: values.length / width, channels: 1 } })
    .toColourspace("b-w")
    .png()
    .toFile(path);
}

/** Settings for a short training on such a data set. */
export const tinySettings = (list: string, dir: string): Record<string, unknown> => ({
  DIR: dir,
  "DATASET.list_train": list,
  "DATASET.list_val": "/nowhere/val.odgt",
  "DATASET.num_class": 2,
  "DATASET.imgSizes": [21, 32],
  "TRAIN.num_epoch": 2,
  "TRAIN.epoch_iters": 3,
  "TRAIN.workers": 2,
  "TRAIN.disp_iter": 1,
});

/** The pair with the least to compute. */
export const PAIR = "mobilenetv2dilated-c1_deepsup";

/** What `seg` is told for a short training from scratch on wasm. */
export const trainWords = (list: string, dir: string, flags: string[], set: Record<string, unknown> = {}): string[] => [
  ...["train", "--cfg", PAIR, "--backend", "wasm", "--from-scratch", ...flags],
  ...Object.entries({ ...tinySettings(list, dir), ...set }).flatMap(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]),
];
