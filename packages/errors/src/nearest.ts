import { distance } from "fastest-levenshtein";

/** Nobody mistypes a longer name, and files may hold names of any length. */
const LONGEST = 200;

/**
 * The name among `choices` that `name` was probably meant to be, letter case aside; undefined when none is close.
 *
 * Close is a beginning of three letters or more, or at most two edits, or two edits in five letters (one in names of up to three).
 *
 * @example
 * ```ts
 * import { nearest } from "@seg/errors";
 *
 * console.log(nearest("resnet5", ["resnet18", "resnet50"])); // resnet50
 * console.log(nearest("vgg16", ["resnet18", "resnet50"])); // undefined
 * ```
 */
export function nearest(name: string, choices: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let least = (name.length < 4 ? 1 : Math.max(2, Math.floor(name.length * 0.4))) + 1;
  for (const choice of choices) {
    if (Math.abs(choice.length - name.length) >= least && !choice.toLowerCase().startsWith(wanted)) continue;
    const lower = choice.toLowerCase();
    const edits = wanted === lower ? 0 : wanted.length > 2 && lower.startsWith(wanted) ? 1 : distance(wanted, lower);
    if (edits < least) {
      least = edits;
      best = choice;
    }
  }
  return best;
}

/**
 * The end of a line about an unknown name, with its full stop: the nearest choice where there is one, then all of them.
 *
 * @example
 * ```ts
 * import { suggestion } from "@seg/errors";
 *
 * console.log(suggestion("wams", ["wasm", "cpu"]).includes("wasm")); // true
 * ```
 */
export function suggestion(name: string, choices: readonly string[]): string {
  const best = nearest(name, choices);
  return `${best ? `did you mean ${best}? The` : "the"} choices are ${choices.join(", ")}.`;
}
