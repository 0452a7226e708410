import { basename, extname, relative } from "node:path";
import { DataError, findImages, type LeftOut } from "@seg/ade20k-data";
import { PipelineError } from "../errors.ts";
import { expandInputs, isAddress, STDIN } from "./expand-inputs.ts";
import { ownResults } from "./own-results.ts";

/** A photo to segment. */
export interface ImageSource {
  /** Its path or URL, or `-` for stdin. */
  source: string;
  /** What its results are called, without an extension: unique among all sources, with folders where it has some. */
  name: string;
}

/** The photos that were found, and what went wrong with the inputs that gave none. */
export interface GatheredImages {
  images: ImageSource[];
  failures: Error[];
  /** Pictures in folders that were left out, and why. */
  leftOut: LeftOut[];
}

/**
 * The photos that `inputs` name: files, URLs (whose existence shows later), patterns such as `photos/*.jpg`, `-`, one photo's bytes on stdin,
 * and folders with all pictures in and below them, whatever they are called; of these, pictures that {@link segmentPhotos} has written are
 * left out.
 *
 * @throws {PipelineError} `option` if there are no inputs.
 * @throws {DataError} what is wrong with the first input, if none gives a photo.
 *
 * @example
 * ```ts
 * import { writeImage } from "@seg/ade20k-data";
 * import { gatherImages } from "@seg/pipeline/photos";
 *
 * const black = { data: new Uint8Array(16 * 16 * 3), width: 16, height: 16 };
 * for (const name of ["b", "a", "night/a"]) await writeImage(`album/${name}.png`, black);
 * const { images } = await gatherImages(["album", "https://example.org/street.jpg"]);
 * console.log(images.map(({ name }) => name)); // [ 'a', 'b', 'night/a', 'street' ]
 * ```
 */
export async function gatherImages(inputs: readonly string[]): Promise<GatheredImages> {
  if (!Array.isArray(inputs) || inputs.length === 0) {
    throw new PipelineError(
      "option",
      {
        expected: "photos to segment",
        received: Array.isArray(inputs) ? "none" : typeof inputs,
        hint: "name files, folders or URLs after --imgs",
      },
      { data: { option: "inputs" } },
    );
  }
  const images: ImageSource[] = [];
  const expanded = await expandInputs(inputs);
  const { failures } = expanded;
  const leftOut: LeftOut[] = [];
  const taken = new Set<string>();
  const add = (source: string, path: string) => {
    const stem = path.slice(0, path.length - extname(path).length);
    let name = stem;
    // Windows and macOS take names for the same that differ in case only.
    for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${stem}-${i}`;
    taken.add(name.toLowerCase());
    images.push({ source, name });
  };
  for (const input of expanded.inputs) {
    if (input === STDIN) {
      add(input, "stdin");
      continue;
    }
    if (URL.canParse(input) && isAddress(input)) {
      add(input, nameOfUrl(new URL(input)));
      continue;
    }
    try {
      const found = await findImages(input);
      const results = found.images.length > 1 ? ownResults(found.images) : new Set<string>();
      if (results.size > 0) leftOut.push({ reason: "results of an earlier run", files: [...results] });
      leftOut.push(...found.leftOut);
      for (const file of found.images) if (!results.has(file)) add(file, relative(input, file) || basename(input));
    } catch (error) {
      failures.push(error as Error);
    }
  }
  if (images.length === 0) throw failures[0] ?? onlyResults(inputs[0]!, leftOut);
  return { images, failures, leftOut };
}

function onlyResults(folder: string, leftOut: readonly LeftOut[]): DataError {
  const { files, reason } = leftOut[0]!;
  const line = {
    expected: `photos in ${folder}`,
    but: `all ${files.length} pictures are ${reason}`,
    hint: "name the photos",
  };
  return new DataError("no-images", line, { data: { file: folder } });
}

/** The last part of an address's path, with nothing in it that leads elsewhere; no name that the server gives counts. */
function nameOfUrl({ hostname, pathname }: URL): string {
  const name = basename(pathname) || hostname;
  return name
    .replace(/[^\w.-]+/g, "_")
    .replace(/^\.+/, "_")
    .slice(-LONGEST_NAME);
}

/** Leaves room for what results add to it. */
const LONGEST_NAME = 150;
