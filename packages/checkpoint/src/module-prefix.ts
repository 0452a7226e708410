import { isBeside } from "./beside.ts";
import { CheckpointError, quote } from "./errors.ts";
import type { StateDict } from "./tensor.ts";

/**
 * What begins the names of the module that a model is, within those of a larger network (`backbone.`) or of a training script's: that under
 * which most of the model's names are found, in what is not known to lie beside the network.
 *
 * @param state - Tensors by their names in the model's terms.
 * @param known - The model's names.
 * @throws {CheckpointError} `mismatch` where several copies of the model, of different values, are found.
 */
export function modulePrefix(state: StateDict, known: ReadonlySet<string>, model: string): string {
  const found = new Map([["", 0]]);
  const longest = Math.max(0, ...[...known].map(({ length }) => length));
  for (const name of state.keys()) {
    // No longer than the model's: a name may be of dots only, of which each would be a prefix's end.
    for (let at = name.length; at > 0 && name.length - at <= longest; ) {
      at = name.lastIndexOf(".", at - 2) + 1;
      if (!known.has(name.slice(at))) continue;
      const prefix = name.slice(0, at);
      found.set(prefix, (found.get(prefix) ?? 0) + 1);
    }
  }
  const whole = [...found].filter(([, count]) => 2 * count >= known.size);
  const own = whole.filter(([prefix]) => !prefix.split(".").some(isBeside));
  const candidates = own.length > 0 ? own : whole.length > 0 ? whole : [...found];
  const most = Math.max(...candidates.map(([, count]) => count));
  const best = candidates.filter(([, count]) => count === most).map(([prefix]) => prefix);
  const nearest = best.reduce((near, one) => (depth(one) < depth(near) ? one : near));
  if (whole.length === 0) return nearest;
  // A module that is registered twice is in the file twice.
  const others = best.filter((prefix) => prefix !== nearest && !isCopy(state, known, nearest, prefix));
  if (others.length === 0) return nearest;
  throw new CheckpointError(
    "mismatch",
    `Expected one network but received ${others.length + 1} copies of ${model} (${listed([nearest, ...others])}): ` +
      "save the one that you mean in a file of its own.",
    { data: { model } },
  );
}

const depth = (prefix: string) => prefix.split(".").length;

function isCopy(state: StateDict, known: ReadonlySet<string>, one: string, other: string): boolean {
  return [...known].every((name) => {
    const [a, b] = [state.get(one + name), state.get(other + name)];
    if (a === undefined || b === undefined) return a === b;
    // Values last: those of a view are copied at each look.
    if (a.shape.join() !== b.shape.join()) return false;
    const [ours, theirs] = [a.data, b.data];
    return ours.length === theirs.length && ours.every((value, i) => value === theirs[i]);
  });
}

// In the line; ensembles have more.
const SHOWN = 4;

function listed(prefixes: readonly string[]): string {
  const names = prefixes.map((prefix) => (prefix === "" ? "one without a prefix" : quote(prefix.slice(0, -1))));
  const [last, ...before] =
    names.length > SHOWN
      ? [`${names.length - SHOWN} more`, ...names.slice(0, SHOWN)]
      : [names.at(-1), ...names.slice(0, -1)];
  return `${before.join(", ")} and ${last}`;
}
