import { basename, extname, relative } from "node:path";
import { listImages } from "@seg/ade20k-data";
import { PipelineError } from "../errors.ts";
import { expandInputs, STDIN } from "./expand-inputs.ts";

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
}

/**
 * The photos that `inputs` name: files, URLs (whose existence shows later), folders with all pictures in and below them, patterns such as
 * `photos/*.jpg`, and `-`, one photo's bytes on stdin.
 *
 * @throws {PipelineError} `option` if there are no inputs.
 * @throws {DataError} what is wrong with the first input, if none gives a photo.
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
    if (URL.canParse(input) && /^https?:/i.test(input)) {
      add(input, nameOfUrl(new URL(input)));
      continue;
    }
    try {
      for (const file of await listImages(input)) add(file, relative(input, file) || basename(input));
    } catch (error) {
      failures.push(error as Error);
    }
  }
  if (images.length === 0) throw failures[0];
  return { images, failures };
}

function nameOfUrl({ hostname, pathname }: URL): string {
  return basename(pathname).replace(/[^\w.-]+/g, "_") || hostname;
}
