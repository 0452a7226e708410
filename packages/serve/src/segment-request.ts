import type { SegClass } from "@seg/ade20k-data";
import { nearest, shown } from "@seg/errors";
import type { PICTURES, Task } from "./messages.ts";
import type { Limits } from "./options.ts";
import { Problem } from "./problem.ts";

/** The options of a request, from wherever they come. */
export interface Wishes {
  sizes?: readonly number[];
  classes?: readonly (string | number)[];
  picture?: (typeof PICTURES)[number];
  mask?: string | number;
  alpha?: number;
}

/** A JSON body, as its schema has it. */
export interface SegmentBody extends Wishes {
  image?: string;
  url?: string;
}

/** Query parameters, as their schema has them. */
export interface SegmentQuery {
  sizes?: string;
  classes?: string;
  picture?: (typeof PICTURES)[number];
  mask?: string;
  alpha?: string;
}

/** What the query parameters wish. */
export function wishesOf({ sizes, classes, picture, mask, alpha }: SegmentQuery): Wishes {
  return {
    ...(sizes !== undefined && { sizes: sizes.split(",").map(Number) }),
    ...(classes !== undefined && { classes: classes.split(",").map((name) => name.trim()) }),
    ...(picture !== undefined && { picture }),
    ...(mask !== undefined && { mask }),
    ...(alpha !== undefined && { alpha: Number(alpha) }),
  };
}

/**
 * The task that a request's wishes make.
 *
 * @param accepts - which of the media types the client would rather have; false where it takes none of them.
 * @throws {Problem} `bad-request`, `not-acceptable`, or `not-a-photo` for a class or size that there is not.
 */
export function taskOf(
  wishes: Wishes,
  accepts: (types: string[]) => string | false,
  classes: readonly SegClass[],
  { maxSizes, maxSize }: Limits,
): Omit<Task, "photo" | "maxPixels"> {
  const { sizes, picture, mask, alpha } = wishes;
  if (picture !== undefined && mask !== undefined) {
    throw new Problem("bad-request", "Expected picture or mask but received both: leave one of them out.");
  }
  const drawn = picture !== undefined || mask !== undefined;
  const type = accepts(drawn ? ["image/png"] : ["application/json", "image/png"]);
  if (type === false) {
    const there = drawn ? "image/png, as a picture or mask is asked for" : "application/json and image/png";
    throw new Problem("not-acceptable", `The answer comes as ${there}, of which Accept takes none.`);
  }
  const shows = mask === undefined && type === "image/png" ? (picture ?? "overlay") : undefined;
  if (alpha !== undefined && shows !== "overlay") {
    throw new Problem(
      "bad-request",
      "Expected alpha only for an overlay but received it for another answer: add picture=overlay or leave it out.",
    );
  }
  if (shows === "labels" && classes.length > MOST_IN_PNG) {
    throw new Problem(
      "not-a-photo",
      `Expected a model of at most ${MOST_IN_PNG} classes for picture=labels but this one has ${classes.length}: ask for masks.`,
    );
  }
  if (sizes && (sizes.length > maxSizes || sizes.some((size) => size < 1 || size > maxSize))) {
    const expected = `at most ${maxSizes} sizes from 1 to ${maxSize}`;
    throw new Problem("not-a-photo", `Expected ${expected} but received ${shown(sizes)}.`);
  }
  return {
    sizes,
    alpha,
    ...(wishes.classes && { classes: wishes.classes.map((which) => indexOf(which, classes)) }),
    ...(mask !== undefined && { mask: indexOf(mask, classes) }),
    ...(shows && { picture: shows }),
  };
}

/** A label map's PNG has a byte for each pixel, and 0 is unlabeled. */
const MOST_IN_PNG = 255;

/** A class's index, by its index or one of its names. */
function indexOf(which: string | number, classes: readonly SegClass[]): number {
  const found =
    classes.find(({ names }) => names.includes(which as string)) ??
    classes.find(({ index }) => String(index) === String(which));
  if (found) return found.index;
  const names = classes.flatMap((known) => known.names);
  const meant = typeof which === "string" ? nearest(which, names) : undefined;
  const hint = meant === undefined ? "GET /v1/models lists them" : `did you mean "${meant}"?`;
  throw new Problem("not-a-photo", `Expected a class of the model but received ${shown(which)}: ${hint}`);
}

/**
 * The file in a JSON body's `image`: base64 (the alphabet of files or of addresses, with or without padding), or a `data:` URL of it.
 *
 * @throws {Problem} `not-a-photo`.
 */
export function fileOf(image: string): Uint8Array {
  const comma = /^data:/i.test(image) ? image.indexOf(",") : -1;
  const isBase64 = comma < 0 ? !/^data:/i.test(image) : /;base64$/i.test(image.slice(0, comma));
  // Programs break it into lines.
  const text = image.slice(comma + 1).replace(/\s+/g, "");
  if (!isBase64 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) {
    const hint = /^https?:/i.test(image) ? "an address goes into url" : "encode the photo's file";
    throw new Problem(
      "not-a-photo",
      `Expected base64 or a data: URL with base64 for image but received ${shown(image, 60)}: ${hint}.`,
    );
  }
  return Buffer.from(text, "base64");
}
