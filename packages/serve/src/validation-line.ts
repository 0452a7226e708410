import { nearest, shown } from "@seg/errors";
import type { FastifyError } from "fastify";
import { BODY_SCHEMA, QUERY_SCHEMA } from "./segment-schema.ts";

/** What each option may be: in the query, and in JSON. */
const EXPECTED: Readonly<Record<string, readonly [inQuery: string, inJson: string]>> = {
  image: ["", "a photo's file as base64"],
  url: ["", "an http or https address of at most 4000 characters"],
  sizes: ["whole numbers such as 300,450", "whole numbers such as [300, 450]"],
  classes: ["names or indices such as sky,tree", 'names or indices such as ["sky", 4]'],
  picture: ["overlay, labels or legend, once,", "overlay, labels or legend"],
  mask: ["one class's name or index", "one class's name or index"],
  alpha: ["a number from 0 to 1, of at most six decimals,", "a number from 0 to 1"],
};

/** What is wrong with a request that is not as its schema has it: what was expected, and what came. */
export function validationLine({ validation = [], validationContext }: FastifyError): string {
  const inQuery = validationContext === "querystring";
  // The last one speaks for alternatives, of which none fits.
  const { keyword, params, instancePath, data } = validation.at(-1) as (typeof validation)[0] & { data?: unknown };
  if (keyword === "additionalProperties") {
    const name = String(params.additionalProperty);
    const known = Object.keys((inQuery ? QUERY_SCHEMA : BODY_SCHEMA).properties);
    const meant = nearest(name, known);
    const where = inQuery ? "the query" : "the JSON body";
    return `Expected ${known.join(", ")} in ${where} but received ${shown(name, 60)}${meant ? `: did you mean ${meant}?` : "."}`;
  }
  const [, name = "", item] = instancePath.split("/");
  const expected = EXPECTED[name]?.[inQuery ? 0 : 1];
  if (expected === undefined) return `Expected a JSON object but received ${shown(data, 60)}.`;
  const where = item === undefined ? name : `${name}[${item}]`;
  return `Expected ${item === undefined ? expected : `${expected}, each within its range,`} for ${where} but received ${shown(data, 60)}.`;
}
