import type { RgbImage } from "./image.ts";

/** One of the four changes of colour that a photo gets, and how much of it. */
export interface ColorChange {
  /** What is changed. */
  of: keyof typeof CHANGES;
  /** For `hue` a share of the colour circle, in [−0.5, 0.5]; for the others a factor of at least 0, 1 being no change. */
  by: number;
}

/**
 * Changes a photo's colours in place, one change after the other. Each gives the bytes of torchvision's `adjust_brightness`,
 * `adjust_contrast`, `adjust_saturation` and `adjust_hue` on uint8 tensors; like them it computes in float32 and rounds down.
 *
 * @see torchvision.transforms.ColorJitter.
 */
export function changeColors({ data }: RgbImage, changes: readonly ColorChange[]): void {
  for (const { of, by } of changes) CHANGES[of](data, by);
}

const CHANGES = {
  brightness(data: Uint8Array, factor: number): void {
    mapValues(data, blendWith(0, factor));
  },
  contrast(data: Uint8Array, factor: number): void {
    let sum = 0;
    for (let i = 0; i < data.length; i += 3) sum += grey(data, i);
    mapValues(data, blendWith(Math.fround(sum / (data.length / 3)), factor));
  },
  saturation(data: Uint8Array, factor: number): void {
    const [own, other] = [Math.fround(factor), Math.fround(1 - factor)];
    for (let i = 0; i < data.length; i += 3) {
      const rest = Math.fround(other * grey(data, i));
      for (let c = i; c < i + 3; c++) data[c] = byte(Math.fround(Math.fround(own * data[c]!) + rest));
    }
  },
  hue: shiftHue,
};

const byte = (value: number) => Math.min(255, Math.max(0, Math.trunc(value)));

/** Mixes a value with another one: `factor` of its own, the rest of the other's. */
function blendWith(other: number, factor: number): (value: number) => number {
  const [own, rest] = [Math.fround(factor), Math.fround(Math.fround(1 - factor) * other)];
  return (value) => byte(Math.fround(Math.fround(own * value) + rest));
}

/** A value has 256 cases, so a table holds every result. */
function mapValues(data: Uint8Array, change: (value: number) => number): void {
  const table = Uint8Array.from({ length: 256 }, (_, value) => change(value));
  for (let i = 0; i < data.length; i++) data[i] = table[data[i]!]!;
}

const [RED, GREEN, BLUE] = [Math.fround(0.2989), Math.fround(0.587), Math.fround(0.114)];

/** ITU-R 601-2's luma of the pixel whose bytes begin at `i`. */
function grey(data: Uint8Array, i: number): number {
  const two = Math.fround(Math.fround(RED * data[i]!) + Math.fround(GREEN * data[i + 1]!));
  return Math.trunc(Math.fround(two + Math.fround(BLUE * data[i + 2]!)));
}

/** Turns each pixel's hue, by way of HSV. */
function shiftHue(data: Uint8Array, by: number): void {
  const { fround } = Math;
  const shift = fround(by);
  const toByte = (share: number) => Math.trunc(fround(Math.min(1, Math.max(0, share)) * fround(255.999)));
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [fround(data[i]! / 255), fround(data[i + 1]! / 255), fround(data[i + 2]! / 255)];
    const value = Math.max(r, g, b);
    const range = fround(value - Math.min(r, g, b));
    // A grey has no hue, and black no saturation.
    const part = (channel: number) => (range === 0 ? 0 : fround(fround(value - channel) / range));
    const saturation = range === 0 ? 0 : fround(range / value);
    let sixths: number;
    if (value === r) sixths = fround(part(b) - part(g));
    else if (value === g) sixths = fround(fround(2 + part(r)) - part(b));
    else sixths = fround(fround(4 + part(g)) - part(r));
    const hue = fround(fround(fround(sixths / 6) + 1) % 1);
    const turned = wrap(fround(hue + shift));

    const sector = Math.floor(fround(turned * 6));
    const inside = fround(fround(turned * 6) - sector);
    const low = fround(value * fround(1 - saturation));
    const falling = fround(value * fround(1 - fround(saturation * inside)));
    const rising = fround(value * fround(1 - fround(saturation * fround(1 - inside))));
    const rgb = [
      [value, rising, low],
      [falling, value, low],
      [low, value, rising],
      [low, falling, value],
      [rising, low, value],
      [value, low, falling],
    ][sector % 6]!;
    for (let c = 0; c < 3; c++) data[i + c] = toByte(rgb[c]!);
  }
}

/** The remainder by 1 that is not negative, as Python has it; 1 itself where float32 rounds up to it. */
function wrap(share: number): number {
  const rest = share % 1;
  return rest < 0 ? Math.fround(rest + 1) : rest;
}
