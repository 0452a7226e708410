import { basename } from "node:path";
import { DECODER_NAMES, unmetRequirement } from "@seg/decoders/requirements";
import { ENCODER_NAMES, FEATURE_INFO } from "@seg/encoders/feature-info";
import { nearest, suggestion } from "@seg/errors";
import type { ZodError } from "zod";
import { PipelineError } from "../errors.ts";
import { architectureSettings } from "./architectures.ts";
import { CONFIG_KEYS, type Config, configSchema, DEFAULTS, expectedOf, SECTIONS } from "./schema.ts";
import type { Setting } from "./setting.ts";

/** A configuration and, for each key, the setting that won. */
export interface Resolved {
  config: Config;
  settings: ReadonlyMap<string, Setting>;
}

/**
 * Makes a whole configuration of `given` settings, of which the last one for a key wins. What no one gave comes from
 * `ready(encoder, decoder)`, then from the architecture, then from the original's defaults.
 *
 * @param ready - the settings of the preset for a pair of networks; none where there is no such one.
 * @throws {PipelineError} `config` for an unknown key, a value of the wrong kind, or values that contradict each other.
 */
export function resolveConfig(given: readonly Setting[], ready: (name: string) => Setting[] = () => []): Resolved {
  const settings = new Map<string, Setting>();
  for (const setting of given) {
    checkKey(setting);
    // None, null and ~ mean that a key is left out after all.
    if (setting.value === null || /^(None|null|~)$/.test(String(setting.value))) settings.delete(setting.key);
    else settings.set(setting.key, setting);
  }
  const fallBack = (more: Iterable<Setting>) => {
    for (const setting of more) if (!settings.has(setting.key)) settings.set(setting.key, setting);
  };
  const encoder = architecture(settings, "MODEL.arch_encoder", ENCODER_NAMES);
  const decoder = architecture(settings, "MODEL.arch_decoder", DECODER_NAMES);
  fallBack(ready(`${encoder}-${decoder}`));
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

function asSettings(values: Readonly<Record<string, unknown>>, origin: string): Setting[] {
  return Object.entries(values).map(([key, value]) => ({ key, value, origin }));
}

function checkKey({ key, value, origin }: Setting): void {
  if (CONFIG_KEYS.includes(key)) return;
  const section = SECTIONS.find((name) => name === key);
  if (section) {
    if (value === null) return;
    throw new PipelineError("config", `Expected keys under ${section} (${origin}) but received ${show(value)}.`);
  }
  // The same name in another section is a better guess than the same letters.
  const name = key.split(".").at(-1);
  const best = CONFIG_KEYS.find((known) => known.split(".").at(-1) === name) ?? nearest(key, CONFIG_KEYS);
  throw new PipelineError(
    "config",
    `Unknown configuration key ${key} (${origin})${best ? `: did you mean ${best}?` : ": `seg config` prints all keys."}`,
  );
}

function architecture<T extends string>(settings: Map<string, Setting>, key: string, names: readonly T[]): T {
  const { value, origin } = settings.get(key) ?? { value: DEFAULTS[key], origin: "" };
  const found = names.find((name) => name === String(value).toLowerCase());
  if (found) return found;
  const kind = key === "MODEL.arch_encoder" ? "encoder" : "decoder";
  throw new PipelineError("config", `Unknown ${kind} ${value} (${origin}): ${suggestion(String(value), names)}`);
}

// The original's weights of 2018 lie in folders named baseline-…; they were trained on BGR.
function inputFormat(settings: Map<string, Setting>): string {
  return basename(String(settings.get("DIR")?.value)).startsWith("baseline-") ? "bgr-2018" : "rgb";
}

function wrongValue(error: ZodError, settings: Map<string, Setting>): PipelineError {
  const key = error.issues[0]!.path.slice(0, 2).join(".");
  const { value, origin } = settings.get(key)!;
  const example = DEFAULTS[key] === undefined ? "leave it out" : `the default is ${show(DEFAULTS[key])}`;
  return new PipelineError(
    "config",
    `Expected ${expectedOf(key)} for ${key} but received ${show(value)} (${origin}): ${example}.`,
  );
}

function checkTogether({ DATASET, MODEL }: Config, settings: Map<string, Setting>): void {
  const { arch_encoder: encoder, arch_decoder: decoder } = MODEL;
  const unmet = unmetRequirement(decoder, FEATURE_INFO[encoder]);
  if (unmet) throw new PipelineError("config", { ...unmet, but: `${encoder} gives ${unmet.received}` });
  const fits = architectureSettings(encoder, decoder);
  const fcDim = fits["MODEL.fc_dim"];
  if (MODEL.fc_dim !== fcDim) {
    throw new PipelineError(
      "config",
      `Expected fc_dim ${fcDim} for encoder ${encoder} but received ${MODEL.fc_dim}: leave fc_dim out or set it to ${fcDim}.`,
    );
  }
  if (DATASET.padding_constant % DATASET.segm_downsampling_rate !== 0) {
    throw new PipelineError(
      "config",
      `Expected DATASET.padding_constant to be a multiple of DATASET.segm_downsampling_rate ${DATASET.segm_downsampling_rate} ` +
        `but received ${DATASET.padding_constant} (${settings.get("DATASET.padding_constant")?.origin}): leave both out.`,
    );
  }
}

function show(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : JSON.stringify(value);
}
