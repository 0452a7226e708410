import { NASTY_TEXTS } from "./mutate-text.ts";
import type { Random } from "./random.ts";

/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A value of another kind than most readers expect. */
export function nastyValue(random: Random): Json {
  return random.pick<() => Json>([
    () => null,
    () => random.oneIn(2),
    () => random.pick([-1, 0, -0, 0.5, 1e308, 2 ** 53, 2 ** 31, 2 ** 32, 255, 256, 1e-320]),
    () => random.pick(NASTY_TEXTS),
    () => [],
    () => ({}),
    () => ["F32"],
    () => deep(random.size(3000)),
    () => Array<Json>(random.size(2000)).fill(random.pick<Json>([0, "a", null, []])),
    () => own("__proto__", { polluted: true }),
    () => own("constructor", { prototype: { polluted: true } }),
    () => own(random.pick(NASTY_TEXTS), 1),
    () => ({ toString: 1, valueOf: null, toJSON: "x", length: -1 }),
    () => own("then", 1),
    () => "x".repeat(random.size(100_000)),
  ])();
}

const deep = (depth: number): Json => {
  let value: Json = 1;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
};

/** An object with a property that an assignment would take for the prototype. */
function own(key: string, value: Json): Json {
  return Object.defineProperty({} as { [key: string]: Json }, key, { value, enumerable: true });
}

/** A copy of a value in which one to three places, chosen at random, hold something else. */
export function mutateJson(random: Random, seed: Json): Json {
  let value = structuredClone(seed);
  for (let i = random.pick([1, 1, 2, 3]); i > 0; i--) value = mutated(value, random);
  return value;
}

function mutated(value: Json, random: Random): Json {
  if (typeof value !== "object" || value === null || random.oneIn(6)) return nastyValue(random);
  if (Array.isArray(value)) {
    if (value.length === 0 || random.oneIn(5))
      return random.pick([[...value, ...value], [...value, nastyValue(random)], value.slice(1)]);
    const at = random.below(value.length);
    return value.map((item, i) => (i === at ? mutated(item, random) : item));
  }
  const keys = Object.keys(value);
  if (keys.length === 0) return own(random.pick(NASTY_TEXTS), nastyValue(random));
  const key = random.pick(keys);
  const way = random.below(8);
  const entries = Object.entries(value).flatMap(([name, item]): [string, Json][] => {
    if (name !== key) return [[name, item]];
    if (way === 0) return [];
    if (way === 1) return [[random.pick([...NASTY_TEXTS, ...keys]), item]];
    if (way === 2)
      return [
        [name, item],
        [random.pick(NASTY_TEXTS), item],
      ];
    return [[name, mutated(item, random)]];
  });
  // Not by assignment: a key may be __proto__.
  return Object.fromEntries(entries);
}
