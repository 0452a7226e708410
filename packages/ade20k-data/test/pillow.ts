import { readFileSync } from "node:fs";
import type { RgbImage } from "../src/image.ts";

interface Stored {
  width: number;
  height: number;
  rgb: string;
}

/** What Pillow made of some small images; `fixtures/make-pillow.py` wrote it. */
const stored: { photo: Stored; decoded: (Stored & { name: string; file: string })[]; resized: Stored[] } = JSON.parse(
  readFileSync(new URL("fixtures/pillow.json", import.meta.url), "utf8"),
);

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const image = ({ width, height, rgb }: Stored): RgbImage => ({ data: bytes(rgb), width, height });

export const PHOTO = image(stored.photo);
export const DECODED = stored.decoded.map((entry) => ({
  name: entry.name,
  file: bytes(entry.file),
  expected: image(entry),
}));
export const RESIZED = stored.resized.map(image);
