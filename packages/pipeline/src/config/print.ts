import { Document, isSeq } from "yaml";
import type { Config } from "./schema.ts";

/** The configuration as YAML that `--cfg` reads back to the same values; ends with a line break. */
export function configToYaml(config: Config): string {
  const document = new Document(config);
  for (const key of Object.keys(config.DATASET)) {
    const values = document.getIn(["DATASET", key], true);
    if (isSeq(values)) values.flow = true;
  }
  for (const section of Object.keys(config).slice(1)) {
    const pair = (document.contents as unknown as { items: { key: { value: string; spaceBefore?: boolean } }[] }).items;
    for (const { key } of pair) if (key.value === section) key.spaceBefore = true;
  }
  return document.toString({ flowCollectionPadding: false, lineWidth: 0 });
}
