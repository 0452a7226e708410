import { once } from "node:events";
import sharp from "sharp";
import { type Options, ZipFile } from "yazl";

/** A zip file with these contents. */
export async function zipOf(
  files: Record<string, Uint8Array | string>,
  options: Partial<Options> = {},
): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name, options);
  zip.end();
  const chunks: Buffer[] = [];
  zip.outputStream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(zip.outputStream, "end");
  return Buffer.concat(chunks);
}

/** What MIT's zip holds, for three photos of 6×4 and one of 4×6. */
export async function madeUpAde20k(): Promise<Record<string, Uint8Array | string>> {
  const picture = (width: number, height: number, channels: 1 | 3) =>
    sharp(Buffer.alloc(width * height * channels, 3), { raw: { width, height, channels } });
  const files: Record<string, Uint8Array | string> = {
    "ADEChallengeData2016/sceneCategories.txt": "ADE_train_00000001 airport\n",
  };
  for (const [split, name, width, height] of [
    ["training", "ADE_train_00000001", 6, 4],
    ["training", "ADE_train_00000002", 4, 6],
    ["training", "ADE_train_00000003", 6, 4],
    ["validation", "ADE_val_00000001", 6, 4],
  ] as const) {
    files[`ADEChallengeData2016/images/${split}/${name}.jpg`] = await picture(width, height, 3).jpeg().toBuffer();
    files[`ADEChallengeData2016/annotations/${split}/${name}.png`] = await picture(width, height, 1)
      .toColourspace("b-w")
      .png()
      .toBuffer();
  }
  return files;
}
