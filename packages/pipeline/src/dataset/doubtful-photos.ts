import { basename } from "node:path";
import type { DatasetReport, LabelConvention } from "@seg/ade20k-data";

/** How many names a line shows. */
const SHOWN = 3;

/** What is doubtful about photos beside their labels, a line each, with the key that decides. */
export function doubtfulPhotos(
  { silent, thin = [] }: Pick<DatasetReport, "silent"> & Partial<DatasetReport>,
  { orientation = "auto" }: LabelConvention,
): string[] {
  const lines: string[] = [];
  if (silent.length > 0 && orientation === "auto") {
    lines.push(
      `EXIF turns or mirrors ${photos(silent)} in a way that the labels' sizes do not show: labels are taken as drawn on the stored pixels, before that. DATASET.label_orientation shown takes them as drawn on the photos as they are shown; stored keeps them and ends this line.`,
    );
  }
  if (thin.length > 0) {
    const sides = new Set(thin.map(({ side }) => side));
    const which = sides.size > 1 ? "A side" : `The ${[...sides][0]}`;
    lines.push(
      `${which} of ${photos(thin.map(({ file }) => file))} becomes too short, less than 8 pixels, at one of DATASET.imgSizes within DATASET.imgMaxSize: crop them, leave them out or raise imgMaxSize.`,
    );
  }
  return lines;
}

function photos(files: readonly string[]): string {
  const names = files.slice(0, SHOWN).map((file) => basename(file));
  return `${files.length} ${files.length === 1 ? "photo" : "photos"} (${names.join(", ")}${files.length > SHOWN ? ", …" : ""})`;
}
