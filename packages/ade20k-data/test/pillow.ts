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

/** Files of rare forms; `fixtures/make-forms.py` wrote them. */
const forms: { decoded: (Stored & { name: string; file: string })[]; near: string[]; refused: Record<string, string> } =
  JSON.parse(readFileSync(new URL("fixtures/forms.json", import.meta.url), "utf8"));

/** `within`: how far values may be from the expected ones, because the file itself has rounded them. */
export const FORMS = forms.decoded.map((entry) => ({
  name: entry.name,
  within: forms.near.includes(entry.name) ? 3 : 0,
  file: bytes(entry.file),
  expected: image(entry),
}));
export const REFUSED = Object.entries(forms.refused).map(([name, file]) => ({ name, file: bytes(file) }));
