import { printable } from "@seg/errors";
import type { Config } from "@seg/segmenter/config";
import { Document, isSeq, Scalar, visit } from "yaml";

/**
 * The configuration, or some of it, as YAML that `--cfg` reads back to the same values; ends with a line break.
 *
 * @example
 * ```ts
 * import { configToYaml } from "@seg/pipeline/config";
 *
 * const yaml = configToYaml({ DATASET: { num_class: 11, imgSizes: [300, 450] }, DIR: "ckpt/mine" });
 * console.log(JSON.stringify(yaml)); // "DATASET:\n  num_class: 11\n  imgSizes: [300, 450]\n\nDIR: ckpt/mine\n"
 * ```
 */
export function configToYaml(config: Partial<{ [Section in keyof Config]: object | string }>): string {
  const document = new Document(config);
  const sections = Object.entries(config).filter(([, section]) => typeof section === "object");
  for (const key of sections.flatMap(([name, section]) => Object.keys(section).map((key) => [name, key]))) {
    const values = document.getIn(key, true);
    if (isSeq(values)) values.flow = true;
  }
  for (const section of Object.keys(config).slice(1)) {
    const pair = (document.contents as unknown as { items: { key: { value: string; spaceBefore?: boolean } }[] }).items;
    for (const { key } of pair) if (key.value === section) key.spaceBefore = true;
  }
  // In quotes, characters that a terminal would obey can be printed as escapes.
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === "string" && printable(node.value) !== node.value) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ flowCollectionPadding: false, lineWidth: 0 });
}
