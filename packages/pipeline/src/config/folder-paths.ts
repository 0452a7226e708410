import { isAbsolute, join, relative, resolve } from "node:path";
import type { Config, Setting } from "@seg/segmenter/config";

/** The keys whose values are paths, the classes' aside. */
const PATHS = ["root_dataset", "list_train", "list_val"].map((name) => `DATASET.${name}`);
/** Those whose values may also be a ready word, which has neither a dot nor a slash. */
const PATHS_OR_WORDS = ["DATASET.label_map", "MODEL.weights_encoder", "MODEL.weights_decoder", "TRAIN.class_weights"];

const isPath = (key: string, value: unknown): value is string =>
  typeof value === "string" &&
  value !== "" &&
  (PATHS.includes(key) || (PATHS_OR_WORDS.includes(key) && /[./\\]/.test(value)));

/** Where a path lies in a folder, "" for the folder itself; undefined if it is elsewhere. */
function placeIn(folder: string, path: string): string | undefined {
  const place = relative(resolve(folder), resolve(path));
  return place === ".." || /^\.\.[/\\]/.test(place) || isAbsolute(place) ? undefined : place;
}

/**
 * The configuration as a trained folder is to say it: paths in `DIR` begin with it, so that they follow the folder, and all others are
 * absolute, so that they mean the same from wherever they are read.
 */
export function withLastingPaths(config: Config): Config {
  const lasting = <Section extends "DATASET" | "MODEL" | "TRAIN">(section: Section): Config[Section] => {
    const values = Object.entries(config[section]).map(([name, value]) => {
      if (!isPath(`${section}.${name}`, value)) return [name, value];
      const place = placeIn(config.DIR, value);
      return [name, place === undefined ? resolve(value) : join(config.DIR, place)];
    });
    return Object.fromEntries(values);
  };
  return { ...config, DATASET: lasting("DATASET"), MODEL: lasting("MODEL"), TRAIN: lasting("TRAIN") };
}

/** The settings of a trained folder with the paths that lay in it when they were written where the folder is now. */
export function followFolder(folder: string, settings: readonly Setting[]): Setting[] {
  const before = settings.findLast(({ key }) => key === "DIR")?.value;
  if (typeof before !== "string") return [...settings];
  return settings.map((setting) => {
    if (!isPath(setting.key, setting.value)) return setting;
    const place = placeIn(before, setting.value);
    return place === undefined ? setting : { ...setting, value: join(folder, place) };
  });
}
