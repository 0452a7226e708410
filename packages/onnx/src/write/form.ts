import { nearest, suggestion } from "@seg/errors";
import { badOption, OnnxError, refuseUnknown } from "../errors.ts";
import type { Layout } from "./tensors.ts";

/** How RGB bytes become what a network takes: (x · range / 255 − mean) / std, of the channels in this order. */
export interface ImageInput {
  /** Of each of the network's channels. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** What 255 becomes: 1, the default, or 255. */
  readonly range?: 1 | 255;
  /** The network's channels. Default `rgb`. */
  readonly channels?: "rgb" | "bgr";
}

/** What a model gives. */
export type OutputKind = "logits" | "probabilities" | "labels";

/** Of what size. */
export type OutputSize = "network" | "input" | "given";

/** What a file takes and gives. */
export interface Form {
  readonly layout: Layout;
  readonly input: "float32" | Required<ImageInput>;
  readonly output: OutputKind;
  /** Undefined: as suits each output. */
  readonly size: OutputSize | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The options that a {@link Form} is made of. */
export interface FormOptions {
  layout?: Layout | undefined;
  input?: "float32" | ImageInput | undefined;
  output?: OutputKind | undefined;
  size?: OutputSize | undefined;
  metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * The form that options ask for.
 *
 * @throws {OnnxError} `option` for a value out of range.
 */
export function formOf({ layout, input = "float32", output, size, metadata = {} }: FormOptions): Form {
  const isText = (value: unknown) => typeof value === "string";
  if (typeof metadata !== "object" || metadata === null || !Object.values(metadata).every(isText)) {
    throw badOption("metadata", "metadata: an object of strings", JSON.stringify(metadata));
  }
  return {
    layout: oneOf("layout", layout ?? "nchw", ["nchw", "nhwc"]),
    input: input === "float32" ? input : imageInput(input),
    output: oneOf("output", output ?? "logits", ["logits", "probabilities", "labels"]),
    size: size === undefined ? size : oneOf<OutputSize>("size", size, ["network", "input", "given"]),
    metadata,
  };
}

function imageInput(input: ImageInput): Required<ImageInput> {
  if (typeof input !== "object" || input === null) {
    throw badOption("input", 'input: "float32", or { mean, std } of three channels each', input);
  }
  refuseUnknown(input, ["mean", "std", "range", "channels"], "one of an image's mean, std, range and channels");
  const { mean, std, range = 1, channels = "rgb" } = input;
  const isOfThree = (values: unknown, isRight: (n: unknown) => boolean) =>
    Array.isArray(values) && values.length === 3 && values.every(isRight);
  if (!isOfThree(mean, Number.isFinite)) throw badOption("mean", "mean: three numbers", mean);
  if (!isOfThree(std, (n) => Number.isFinite(n) && (n as number) > 0)) {
    throw badOption("std", "std: three numbers above 0", std);
  }
  if (range !== 1 && range !== 255) throw badOption("range", "range: 1 or 255", range);
  return { mean, std, range, channels: oneOf("channels", channels, ["rgb", "bgr"]) };
}

function oneOf<Choice extends string>(option: string, value: Choice, choices: readonly Choice[]): Choice {
  if (choices.includes(value)) return value;
  const received = String(value);
  throw new OnnxError(
    "option",
    { expected: `one of the names for ${option}`, received, hint: suggestion(received, choices) },
    { data: { option, received, nearest: nearest(received, choices) } },
  );
}
