import { nearest } from "@seg/errors";
import { quote } from "./errors.ts";
import type { LoadReport, ShapeMismatch } from "./load-report.ts";

// Of each list, in the message; of another network's, which is told by its number, fewer.
const SHOWN = 4;
const EXAMPLES = 2;

/**
 * One line on how a state dict differs from a model; that it is another network's comes first.
 *
 * @param model - The model's name.
 * @param report - What fits and what does not.
 * @param hint - The way out, as it follows the colon; the likely one for callers of `loadWeights` unless given.
 *
 * @example
 * ```ts
 * import { describeMismatch } from "@seg/checkpoint";
 *
 * const none = { loaded: [], missing: [], unexpected: [], shapeMismatch: [], ignored: [] };
 * const report = { ...none, loaded: ["head.weight"], missing: ["head.bias"], unexpected: ["head.bais"] };
 * console.log(describeMismatch("net", report, "rename it")); // Expected the 2 weights of model net but found 1 missing: head.bias; 1 unexpected: head.bais (nearest: head.bias): rename it.
 * ```
 */
export function describeMismatch(model: string, report: LoadReport, hint: string = wayOut(report)): string {
  const { loaded, missing, unexpected, shapeMismatch } = report;
  const count = loaded.length + missing.length + shapeMismatch.length;
  const other = anotherNetwork(model, report);
  if (other) return `Expected the weights of model ${model} but received those of another network: ${other}: ${hint}.`;
  const parts = [
    list("missing", missing, quote),
    list("unexpected", unexpected, (name) => {
      const meant = nearest(name, missing);
      return `${quote(name)}${meant ? ` (nearest: ${meant})` : ""}`;
    }),
    list("of another shape", shapeMismatch, shapes),
  ];
  const differences = parts.filter((part) => part !== "").join("; ");
  return `Expected the ${count} weights of model ${model} but found ${differences}: ${hint}.`;
}

/** In which way most of the weights differ, or all that differs is too much; undefined where the network is the same but for some weights. */
function anotherNetwork(model: string, { loaded, missing, unexpected, shapeMismatch }: LoadReport): string | undefined {
  if (missing.length + shapeMismatch.length === 0 && unexpected.length > 0) {
    return `${some(modulesOf(unexpected, loaded), SHOWN)} are not in ${model}`;
  }
  const count = loaded.length + missing.length + shapeMismatch.length;
  if (2 * (missing.length + shapeMismatch.length) <= count) return undefined;
  if (missing.length + unexpected.length === 0 && classCounts(shapeMismatch)) return undefined;
  const [first] = shapeMismatch;
  const parts = [
    ...(missing.length > 0
      ? [`${missing.length} of ${count} weights are not among them, such as ${some(missing, EXAMPLES, false)}`]
      : []),
    ...(first ? [`${shapeMismatch.length} of ${count} are of another shape, such as ${shapes(first)}`] : []),
    ...(unexpected.length > 0 ? [`it has ${some(unexpected, EXAMPLES)}`] : []),
  ];
  return parts.join("; ");
}

/**
 * The outermost modules of these names of which the others have nothing: `layer3.6` of `layer3.6.conv1.weight`, beside `layer3.5`.
 *
 * @example
 * ```ts
 * import { modulesOf } from "@seg/checkpoint";
 *
 * const deeper = ["layer3.6.conv1.weight", "layer3.6.bn1.weight", "layer4.0.conv1.weight"];
 * console.log(modulesOf(deeper, ["layer3.5.conv1.weight"])); // [ 'layer3.6', 'layer4' ]
 * ```
 */
export function modulesOf(names: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others.flatMap((name) => [...modulesAround(name)]));
  return [...new Set(names.map((name) => first(modulesAround(name), (module) => !known.has(module)) ?? name))];
}

/** `a`, `a.b` of `a.b.weight`, outermost first; one at a time, as a name may have as many as it has dots. */
function* modulesAround(name: string): Generator<string> {
  for (let at = name.indexOf("."); at >= 0; at = name.indexOf(".", at + 1)) yield name.slice(0, at);
}

function first<T>(items: Iterable<T>, is: (item: T) => boolean): T | undefined {
  for (const item of items) if (is(item)) return item;
  return undefined;
}

function some(names: readonly string[], shown: number, counted = true): string {
  const more = counted && names.length > shown ? ` and ${names.length - shown} more` : "";
  return `${names.slice(0, shown).map(quote).join(", ")}${more}`;
}

function list<T>(what: string, items: readonly T[], describe: (item: T) => string): string {
  if (items.length === 0) return "";
  const more = items.length > SHOWN ? ` and ${items.length - SHOWN} more` : "";
  return `${items.length} ${what}: ${items.slice(0, SHOWN).map(describe).join(", ")}${more}`;
}

const shapes = ({ name, expected, received }: ShapeMismatch): string =>
  `${quote(name)} (expected ${shape(expected)}, received ${shape(received)})`;

const shape = (sizes: readonly number[]): string => `[${sizes.join(", ")}]`;

function wayOut({ loaded, missing, unexpected, shapeMismatch }: LoadReport): string {
  const classes = classCounts(shapeMismatch);
  if (classes && missing.length + unexpected.length === 0) {
    return `the model has ${classes.expected} classes and the weights are for ${classes.received}; set the number of classes to ${classes.received} or take other weights`;
  }
  if (loaded.length === 0) return "take the weights of this architecture";
  return "take weights of the same architecture, or pass strict: false to load only what fits";
}

/** The numbers of classes, if all that differs is the number of outputs, and that in one way. */
function classCounts(shapeMismatch: readonly ShapeMismatch[]): { expected: number; received: number } | undefined {
  const expected = shapeMismatch[0]?.expected[0];
  const received = shapeMismatch[0]?.received[0];
  if (expected === undefined || received === undefined) return undefined;
  const alike = shapeMismatch.every(
    (one) =>
      one.expected[0] === expected &&
      one.received[0] === received &&
      one.expected.slice(1).join() === one.received.slice(1).join(),
  );
  return alike ? { expected, received } : undefined;
}
