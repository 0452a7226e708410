import type { Config } from "@seg/segmenter/config";
import type { Facts } from "../launch/alike.ts";
import type { ModelFiles } from "../weights/find.ts";
import { digestOf } from "../weights/verify.ts";

/** Keys that may differ between hosts: where things lie. What lies there is compared by itself. */
const PLACES = [
  ...["root_dataset", "list_train", "list_val", "classes", "label_map"],
  ...["weights_encoder", "weights_decoder", "weights_onnx"],
];

/** What the scores of photos depend on, but for the photos: it must be the same on all hosts. @param others - besides settings and weights. */
export async function scoredBy(config: Config, files: ModelFiles, others: object): Promise<Facts> {
  const settings = (["DATASET", "MODEL"] as const).flatMap((section) =>
    Object.entries(config[section])
      .filter(([name]) => !PLACES.includes(name))
      .map(([name, value]): [string, unknown] => [`${section}.${name}`, value]),
  );
  const facts = [...settings, ...Object.entries(others)].map(([name, value]) => [name, JSON.stringify(value)]);
  return { ...Object.fromEntries(facts), "weights (SHA-256)": await digestOf("sha256", Object.values(files)) };
}
