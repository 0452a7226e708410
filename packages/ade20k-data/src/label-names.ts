import { basename, join, parse, relative, sep } from "node:path";
import { DataError } from "./errors.ts";

/** What the names of labels end in, and of photos beside them, where the two differ; letter case does not count. */
const LABEL_SUFFIX =
  /[-_. ](gtfine_labelids|gtfine_labeltrainids|gtcoarse_labelids|masks?|labels?|labelids|labeltrainids|gt|groundtruth|ground_truth|seg|segm|segmentation|annotations?|anno|ann|l)$|\.(jpe?g|png|bmp|tiff?|webp|avif)$/;
const PHOTO_SUFFIX = /[-_. ](leftimg8bit|images?|img|photo|rgb|sat)$/;

/**
 * Finds the label of a photo, or none, among the files of a folder. Letter case, extensions and the two ways of writing accents do not count.
 *
 * @param suffix - what labels' names have behind their photos'; unless given, usual ones are known.
 */
export function partners(files: readonly string[], folder: string, suffix: string | undefined) {
  const byStem = groups(files, (file) => stemOf(file, folder));
  const byCore = groups(files, (file) => coreOf(stemOf(file, folder), suffix));
  return (photo: string, photos: string): string | undefined => {
    const stem = stemOf(photo, photos);
    const short = stem.replace(PHOTO_SUFFIX, "");
    // The very name goes before a name with something behind it, unless that was asked for.
    const maps = suffix === undefined ? [byStem, byCore] : [byCore];
    for (const name of new Set([stem, short])) {
      for (const map of maps) {
        const others = (map.get(name) ?? []).filter((file) => file !== photo);
        if (others.length > 0) return onlyOne(photo, others, photos, folder);
      }
    }
    return undefined;
  };
}

/** The label among several of one name: the one that is spelled like the photo, or the only PNG. */
function onlyOne(photo: string, files: readonly string[], photos: string, labels: string): string {
  const same = files.filter((file) => spellingOf(file, labels) === spellingOf(photo, photos));
  const left = same.length > 0 ? same : files;
  const pngs = left.filter(isPngName);
  const [label, other] = pngs.length > 0 ? pngs : left;
  if (other === undefined) return label!;
  throw new DataError(
    "bad-list",
    {
      expected: `one label of ${photo}`,
      received: `${files.length}, ${files.map((file) => basename(file)).join(" and ")}`,
      hint: "say what the right ones' names end in (--label-suffix), or move the others away",
    },
    { data: { file: photo } },
  );
}

/** Which files of a folder that holds photos and labels are labels: by their suffix, or as the PNG beside another image of the same name. */
export function labelsAmong(files: readonly string[], folder: string, suffix: string | undefined): Set<string> {
  const byStem = groups(files, (file) => stemOf(file, folder));
  const isLabel = (file: string) => {
    const stem = stemOf(file, folder);
    const core = coreOf(stem, suffix);
    if (core !== undefined && core !== stem) return byStem.has(core);
    return suffix === undefined && isPngName(file) && byStem.get(stem)!.some((other) => !isPngName(other));
  };
  return new Set(files.filter(isLabel));
}

/** A name without the suffix that labels have; undefined where it has not the one that is given. */
function coreOf(stem: string, suffix: string | undefined): string | undefined {
  if (suffix === undefined) return stem.replace(LABEL_SUFFIX, "");
  // With an extension, it was copied from a name.
  const end = suffix
    .normalize("NFC")
    .toLowerCase()
    .replace(/\.png$/, "");
  return stem.endsWith(end) ? stem.slice(0, stem.length - end.length) : undefined;
}

/** A file's path below a folder without its extension, in one spelling of accents. */
export function spellingOf(file: string, folder: string): string {
  const { dir, name } = parse(relative(folder, file));
  return join(dir, name).split(sep).join("/").normalize("NFC");
}

/** The same in one spelling of letters too. */
const stemOf = (file: string, folder: string) => spellingOf(file, folder).toLowerCase();

function groups(files: readonly string[], keyOf: (file: string) => string | undefined): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const file of files) {
    const key = keyOf(file);
    if (key === undefined) continue;
    const group = map.get(key);
    if (group) group.push(file);
    else map.set(key, [file]);
  }
  return map;
}

const isPngName = (file: string) => /\.png$/i.test(file);
