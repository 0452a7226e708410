import { CONFIG_KEYS } from "./schema.ts";
import type { Setting } from "./setting.ts";

/** What a training leaves in its folder `DIR`: its configuration, as the original's train.py does, and its classes. */
export const CONFIG_FILE = "config.yaml";
/** The file of the classes in such a folder. */
export const CLASSES_FILE = "classes.json";

/** The first line of a configuration that a training of this package wrote. */
export const CONFIG_MARK =
  "# What this folder was trained with, for `seg test --id` and its like. Written by seg train.";

// They follow from the networks.
const IMPLIED = ["MODEL.fc_dim", "DATASET.padding_constant", "DATASET.segm_downsampling_rate"];

/** Those settings that are known here: another program's configuration, as a fork's of the original, may have more. */
export const knownSettings = (settings: readonly Setting[]): Setting[] =>
  settings.filter(({ key }) => CONFIG_KEYS.includes(key));

/**
 * A trained folder's settings without what followed from its networks, where these are to be others.
 *
 * @param over - the settings that beat them.
 */
export function withoutImplied(settings: readonly Setting[], over: readonly Setting[]): Setting[] {
  const isOther = ["MODEL.arch_encoder", "MODEL.arch_decoder"].some((key) => {
    const [own, other] = [settings, over].map((all) => all.findLast((setting) => setting.key === key)?.value);
    return other !== undefined && other !== own;
  });
  return settings.filter(({ key }) => !(isOther && IMPLIED.includes(key)));
}
