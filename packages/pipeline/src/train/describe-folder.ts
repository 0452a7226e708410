import { join } from "node:path";
import { ADE20K_CLASSES, readClasses, type SegClass } from "@seg/ade20k-data";
import { readTextFile, writeFileAtomic } from "@seg/node";
import type { Config } from "@seg/segmenter/config";
import { CLASSES_FILE, CONFIG_FILE, CONFIG_MARK } from "@seg/segmenter/config";
import { withLastingPaths } from "../config/folder-paths.ts";
import { configToYaml } from "../config/print.ts";
import { classSet } from "../dataset/classes.ts";
import { setAside } from "./checkpoint-files.ts";

/**
 * Writes into a folder of checkpoints what its networks are: the configuration, and the classes with their colours. Files of others are renamed,
 * not overwritten.
 *
 * @param log - told of what was renamed.
 * @param folder - where they are written, if that is not `DIR` yet.
 * @throws {FileError} `unwritable`.
 */
export async function describeFolder(
  config: Config,
  log: (line: string) => void,
  folder: string = config.DIR,
): Promise<void> {
  const classes = await classSet(config);
  const classesFile = join(folder, CLASSES_FILE);
  const configFile = join(folder, CONFIG_FILE);
  const tell = (names: string[]) => {
    for (const name of names) log(`What was there before is now ${name}.`);
  };
  const before = await readClasses(classesFile).catch(() => undefined);
  if (!before || classesText(before) !== classesText(classes)) {
    tell(await setAside([classesFile]));
    await writeFileAtomic(classesFile, classesText(classes));
  }
  const text = configText(config, classes === ADE20K_CLASSES ? "" : join(config.DIR, CLASSES_FILE));
  const written = await readTextFile(configFile, { limit: 1_000_000 }).catch(() => "");
  if (written === text) return;
  if (!written.startsWith(CONFIG_MARK)) tell(await setAside([configFile]));
  await writeFileAtomic(configFile, text);
}

/** As `readClasses` reads it. */
const classesText = (classes: readonly SegClass[]) =>
  `[\n${classes.map(({ names, color }) => `  ${JSON.stringify({ name: names.join(";"), color })}`).join(",\n")}\n]\n`;

/** Without the names of checkpoints, which are for those who test to choose. */
function configText(config: Config, classes: string): string {
  const { DATASET, MODEL, TRAIN, VAL, TEST, DIR } = withLastingPaths(config);
  const { checkpoint: _val, ...val } = VAL;
  const { checkpoint: _test, ...test } = TEST;
  const told = {
    DATASET: { ...DATASET, classes },
    MODEL: { ...MODEL, weights_onnx: "" },
    TRAIN,
    VAL: val,
    TEST: test,
    DIR,
  };
  return `${CONFIG_MARK}\n${configToYaml(told)}`;
}
