import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { gaussianBlur } from "../src/gaussian-blur.ts";

interface Stored {
  width: number;
  rgb: string;
  blurs: { sigma: number; width: number; height: number; rgb: string }[];
}

/** What torchvision made of a small photo; `fixtures/make-augment.py` wrote it. */
const stored: Stored = JSON.parse(readFileSync(new URL("fixtures/augment.json", import.meta.url), "utf8"));
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));

it.each(stored.blurs.map((blur) => [blur.width, blur.height, blur.sigma, blur.rgb] as const))(
  "Blurring %i×%i pixels by a sigma of %d gives torchvision's bytes, and leaves the photo as it is",
  (width, height, sigma, rgb) => {
    const whole = bytes(stored.rgb);
    const data = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y++) {
      data.set(whole.subarray(y * stored.width * 3, (y * stored.width + width) * 3), y * width * 3);
    }
    const before = data.slice();
    expect(gaussianBlur({ data, width, height }, sigma)).toEqual({ data: bytes(rgb), width, height });
    expect(data).toEqual(before);
  },
);
