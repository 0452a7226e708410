import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { type ColorChange, changeColors } from "../src/color-jitter.ts";

interface Stored {
  width: number;
  height: number;
  rgb: string;
  colors: { changes: ColorChange[]; rgb: string }[];
}

/** What torchvision made of a small photo; `fixtures/make-augment.py` wrote it. */
const { colors, ...photo }: Stored = JSON.parse(
  readFileSync(new URL("fixtures/augment.json", import.meta.url), "utf8"),
);
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));

it.each(colors.map(({ changes, rgb }) => [changes.map(({ of, by }) => `${of} by ${by}`).join(", "), changes, rgb]))(
  "Changing %s gives torchvision's bytes",
  (_, changes, rgb) => {
    const image = { ...photo, data: bytes(photo.rgb) };
    changeColors(image, changes as ColorChange[]);
    expect(image.data).toEqual(bytes(rgb as string));
  },
);
