import { DECODER_NAMES, unmetRequirement } from "@seg/decoders/requirements";
import { ENCODER_NAMES, FEATURE_INFO } from "@seg/encoders/feature-info";
import { nearest, shorten, shown, suggestion } from "@seg/errors";
import type { ZodError } from "zod";
import { PipelineError } from "../errors.ts";
import { architectureSettings } from "./architectures.ts";
import { takesClassWeights } from "./loss.ts";
import { CONFIG_KEYS, type Config, configSchema, DEFAULTS, expectedOf, SECTIONS } from "./schema.ts";
import type { Setting } from "./setting.ts";

/** A configuration and, for each key, the setting that won. */
export interface Resolved {
  config: Config;
  settings: ReadonlyMap<string, Setting>;
}

/**
 * Makes a whole configuration of `given` settings, of which the last one for a key wins. What no one gave comes from
 * the preset of the encoder and decoder, then from the architecture, then from the original's defaults.
 *
 * @param presetOf - the settings of the preset `<encoder>-<decoder>`; none where there is no such one.
 * @throws {PipelineError} `config` for an unknown key, a value of the wrong kind, or values that contradict each other.
 *
 * @example
 * ```ts
 * import { resolveConfig } from "@seg/pipeline/config";
 *
 * const encoder = { key: "MODEL.arch_encoder", value: "resnet18dilated", origin: "in my program" };
 * const { config, settings } = resolveConfig([encoder]);
 * // Follows from the encoder.
 * console.log(config.MODEL.fc_dim, settings.get("MODEL.fc_dim")?.implied); // 512 true
 * console.log(settings.get("MODEL.arch_encoder")?.origin); // in my program
 * ```
 */
export function resolveConfig(given: readonly Setting[], presetOf: (name: string) => Setting[] = () => []): Resolved {
  const settings = new Map<string, Setting>();
  for (const setting of given) {
    checkKey(setting);
    // None, null and ~ mean that a key is left out after all.
    if (setting.value === null || /^(None|null|~)$/.test(wordOf(setting.value))) settings.delete(setting.key);
    else settings.set(setting.key, setting);
  }
  const fallBack = (more: Iterable<Setting>) => {
    for (const setting of more) {
      if (!settings.has(setting.key)) settings.set(setting.key, { ...setting, implied: true });
    }
  };
  const encoder = architecture(settings, "MODEL.arch_encoder", ENCODER_NAMES);
  const decoder = architecture(settings, "MODEL.arch_decoder", DECODER_NAMES);
  fallBack(presetOf(`${encoder}-${decoder}`));
  fallBack(asSettings(architectureSettings(encoder, decoder), `of ${encoder}-${decoder}`));
  fallBack(asSettings(DEFAULTS, "by default"));
  fallBack(asSettings({ "MODEL.inputFormat": inputFormat(settings) }, "by the name of DIR"));

  const nested: Record<string, unknown> = Object.fromEntries(SECTIONS.map((section) => [section, {}]));
  for (const { key, value } of settings.values()) {
    const [section, name] = key.split(".") as [string, string?];
    if (name) (nested[section] as Record<string, unknown>)[name] = value;
    else nested[section] = value;
  }
  const parsed = configSchema.safeParse(nested);
  if (!parsed.success) throw wrongValue(parsed.error, settings);
  checkTogether(parsed.data, settings);
  return { config: parsed.data, settings };
}

/** The text of a value that has one; a list or an object has none, and may not even let itself be made one. */
const wordOf = (value: unknown): string => (typeof value === "object" ? "" : String(value));

function asSettings(values: Readonly<Record<string, unknown>>, origin: string): Setting[] {
  return Object.entries(values).map(([key, value]) => ({ key, value, origin }));
}

function checkKey({ key, value, origin }: Setting): void {
  if (CONFIG_KEYS.includes(key)) return;
  const section = SECTIONS.find((name) => name === key);
  if (section) {
    if (value === null) return;
    throw new PipelineError(
      "config",
      { expected: `keys under ${section} (${origin})`, received: shown(value) },
      { data: { key: section, origin, received: value } },
    );
  }
  // The same name in another section is a better guess than the same letters.
  const name = key.split(".").at(-1);
  const best = CONFIG_KEYS.find((known) => known.split(".").at(-1) === name) ?? nearest(key, CONFIG_KEYS);
  throw new PipelineError(
    "config",
    `Unknown configuration key ${shorten(key, 80)} (${origin})${best ? `: did you mean ${best}?` : ": `seg config` prints all keys."}`,
    { data: { key, origin, nearest: best } },
  );
}

function architecture<T extends string>(settings: Map<string, Setting>, key: string, names: readonly T[]): T {
  const { value, origin } = settings.get(key) ?? { value: DEFAULTS[key], origin: "" };
  const found = names.find((name) => name === wordOf(value).toLowerCase());
  if (found) return found;
  const kind = key === "MODEL.arch_encoder" ? "encoder" : "decoder";
  const word = wordOf(value);
  const received = typeof value === "string" ? shorten(value, 80) : shown(value);
  throw new PipelineError("config", `Unknown ${kind} ${received} (${origin}): ${suggestion(word, names)}`, {
    data: { key, origin, received: value, nearest: nearest(word, names) },
  });
}

// The original's weights of 2018 lie in folders named baseline-…; they were trained on BGR.
function inputFormat(settings: Map<string, Setting>): string {
  const folders = wordOf(settings.get("DIR")?.value).split(/[/\\]/);
  return folders.findLast((name) => name !== "")?.startsWith("baseline-") ? "bgr-2018" : "rgb";
}

function wrongValue(error: ZodError, settings: Map<string, Setting>): PipelineError {
  const key = error.issues[0]!.path.slice(0, 2).join(".");
  const { value, origin } = settings.get(key)!;
  const expected = expectedOf(key);
  return new PipelineError(
    "config",
    {
      expected: `${expected} for ${key}`,
      received: `${shown(value)} (${origin})`,
      hint: DEFAULTS[key] === undefined ? "leave it out" : `the default is ${shown(DEFAULTS[key])}`,
    },
    { data: { key, origin, expected, received: value } },
  );
}

function checkTogether({ DATASET, MODEL, TRAIN }: Config, settings: Map<string, Setting>): void {
  const { arch_encoder: encoder, arch_decoder: decoder } = MODEL;
  const unmet = unmetRequirement(decoder, FEATURE_INFO[encoder]);
  if (unmet) {
    const data = { encoder, decoder, expected: unmet.expected, received: unmet.received };
    throw new PipelineError("config", { ...unmet, but: `${encoder} gives ${unmet.received}` }, { data });
  }
  const originOf = (key: string) => settings.get(key)!.origin;
  const lacks = (key: string, received: unknown, needed: string) =>
    new PipelineError(
      "config",
      { expected: `${needed} with ${key} ${received} (${originOf(key)})`, but: "it is 0", hint: "set it too" },
      { data: { key, origin: originOf(key), received, expected: needed } },
    );
  const fits = architectureSettings(encoder, decoder);
  const fcDim = fits["MODEL.fc_dim"];
  if (MODEL.fc_dim !== fcDim) {
    const key = "MODEL.fc_dim";
    throw new PipelineError(
      "config",
      {
        expected: `fc_dim ${fcDim} for encoder ${encoder}`,
        received: String(MODEL.fc_dim),
        hint: `leave fc_dim out or set it to ${fcDim}`,
      },
      { data: { key, origin: originOf(key), encoder, expected: fcDim, received: MODEL.fc_dim } },
    );
  }
  if (DATASET.cat_max_ratio < 1 && DATASET.crop_size[0] === 0) {
    throw lacks("DATASET.cat_max_ratio", DATASET.cat_max_ratio, "DATASET.crop_size");
  }
  if (TRAIN.early_stop > 0 && TRAIN.eval_every === 0) {
    throw lacks("TRAIN.early_stop", TRAIN.early_stop, "TRAIN.eval_every");
  }
  const { padding_constant: padding, segm_downsampling_rate: rate } = DATASET;
  if (padding % rate !== 0) {
    const key = "DATASET.padding_constant";
    throw new PipelineError(
      "config",
      {
        expected: `${key} to be a multiple of DATASET.segm_downsampling_rate ${rate}`,
        received: `${padding} (${originOf(key)})`,
        hint: "leave both out",
      },
      { data: { key, origin: originOf(key), expected: rate, received: padding } },
    );
  }
  checkClassWeights(DATASET.num_class, TRAIN, originOf);
}

function checkClassWeights(
  classes: number,
  { class_weights: weights, loss }: Config["TRAIN"],
  originOf: (key: string) => string,
): void {
  if (weights === "") return;
  const key = "TRAIN.class_weights";
  const origin = originOf(key);
  if (!takesClassWeights(loss)) {
    throw new PipelineError(
      "config",
      {
        expected: `ce, ohem or focal in TRAIN.loss for ${key} (${origin})`,
        received: loss,
        hint: `leave ${key} out: Dice and Lovász count classes alike by themselves`,
      },
      { data: { key, origin, received: loss } },
    );
  }
  if (typeof weights !== "string" && weights.length !== classes) {
    throw new PipelineError(
      "config",
      {
        expected: `${classes} numbers in ${key}, one for each class (DATASET.num_class),`,
        received: `${weights.length} (${origin})`,
        hint: "correct one of the two",
      },
      { data: { key, origin, expected: classes, received: weights.length } },
    );
  }
}
