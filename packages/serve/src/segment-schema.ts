import { PICTURES } from "./messages.ts";
import { PROBLEM_TYPE, PROBLEMS, type ProblemCode } from "./problem.ts";

const TEXTS = {
  sizes:
    "Short sides to look at the photo at; the classes' probabilities are averaged over them. Default: the model's.",
  classes: "Only these classes, by name or index from 0; pixels of others count as unlabeled. Default: all.",
  picture:
    "A PNG in place of JSON: `overlay` the photo under the classes' colours (the default for `Accept: image/png`), `labels` the label map (0 unlabeled, index + 1 for a class, with the colours as palette), `legend` which colour is which class (one white pixel where there is none).",
  mask: "A PNG of where this class is, by name or index from 0: 255 there, 0 elsewhere.",
  alpha: "Weight of the overlay's colours, from 0 to 1; for an overlay only. Default 0.5.",
};

/** The query parameters of `POST /v1/segment`. */
export const QUERY_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    sizes: { type: "string", pattern: "^[0-9]{1,5}(,[0-9]{1,5})*$", description: TEXTS.sizes, examples: ["300,450"] },
    classes: { type: "string", minLength: 1, maxLength: 4000, description: TEXTS.classes, examples: ["sky,tree"] },
    picture: { type: "string", enum: PICTURES, description: TEXTS.picture },
    mask: { type: "string", minLength: 1, maxLength: 200, description: TEXTS.mask, examples: ["sky"] },
    alpha: {
      type: "string",
      pattern: "^(0|1|0?\\.[0-9]{1,6}|1\\.0{1,6})$",
      description: TEXTS.alpha,
      examples: ["0.5"],
    },
  },
} as const;

const CLASS = {
  anyOf: [
    { type: "string", minLength: 1, maxLength: 200 },
    { type: "integer", minimum: 0, maximum: 65535 },
  ],
} as const;

/** The JSON body of `POST /v1/segment`. */
export const BODY_SCHEMA = {
  $id: "SegmentRequest",
  type: "object",
  additionalProperties: false,
  properties: {
    image: {
      type: "string",
      minLength: 1,
      description: "The photo's file, as base64 or as a `data:` URL with base64. Either this or `url`.",
    },
    url: {
      type: "string",
      minLength: 1,
      maxLength: 4000,
      description: "The photo's http or https address, where the service allows that.",
    },
    sizes: {
      type: "array",
      minItems: 1,
      items: { type: "integer", minimum: 1, maximum: 99999 },
      description: TEXTS.sizes,
    },
    classes: { type: "array", minItems: 1, maxItems: 1000, items: CLASS, description: TEXTS.classes },
    picture: { type: "string", enum: PICTURES, description: TEXTS.picture },
    mask: { ...CLASS, description: TEXTS.mask },
    alpha: { type: "number", minimum: 0, maximum: 1, description: TEXTS.alpha },
  },
} as const;

const SHARE = {
  type: "object",
  required: ["index", "name", "color", "share"],
  properties: {
    index: { type: "integer", minimum: 0 },
    name: { type: "string" },
    color: { type: "array", items: { type: "integer", minimum: 0, maximum: 255 }, minItems: 3, maxItems: 3 },
    share: { type: "number", minimum: 0, maximum: 1, description: "Its part of all pixels." },
  },
} as const;

/** What a photo shows. */
export const FACTS_SCHEMA = {
  $id: "Segmentation",
  type: "object",
  required: ["width", "height", "classes"],
  properties: {
    width: { type: "integer", description: "The photo's width in pixels." },
    height: { type: "integer", description: "The photo's height in pixels." },
    classes: { type: "array", items: SHARE, description: "The classes present, the largest first." },
  },
} as const;

/** The model that the service has. */
export const MODELS_SCHEMA = {
  $id: "Models",
  type: "object",
  required: ["models"],
  properties: {
    models: {
      type: "array",
      items: {
        type: "object",
        required: ["id", "architecture", "engine", "sizes", "classes"],
        properties: {
          id: { type: "string" },
          architecture: { type: "string" },
          engine: { type: "string" },
          sizes: {
            type: "array",
            items: { type: "integer" },
            description: "Short sides unless a request names others.",
          },
          classes: {
            type: "array",
            items: {
              type: "object",
              required: ["index", "name", "names", "color"],
              properties: {
                index: { type: "integer" },
                name: { type: "string" },
                names: { type: "array", items: { type: "string" } },
                color: { type: "array", items: { type: "integer" } },
              },
            },
          },
        },
      },
    },
  },
} as const;

/** An entry for each problem that a route may answer with. */
export function problemResponses(...codes: ProblemCode[]) {
  return Object.fromEntries(
    codes.map((code) => {
      const [status, description] = PROBLEMS[code];
      return [status, { description, content: { [PROBLEM_TYPE]: { schema: { $ref: "Problem#" } } } }];
    }),
  );
}
