import { nearest } from "@seg/errors";
import { quote } from "./errors.ts";
import type { LoadReport, ShapeMismatch } from "./load-report.ts";

// Of each list, in the message.
const SHOWN = 4;

/**
 * One line on how a state dict differs from a model.
 *
 * @param model - The model's name.
 * @param report - What fits and what does not.
 * @param hint - The way out, as it follows the colon; the likely one for callers of `loadWeights` unless given.
 */
export function describeMismatch(model: string, report: LoadReport, hint: string = wayOut(report)): string {
  const { loaded, missing, unexpected, shapeMismatch } = report;
  const count = loaded.length + missing.length + shapeMismatch.length;
  const parts = [
    list("missing", missing, quote),
    list("unexpected", unexpected, (name) => {
      const meant = nearest(name, missing);
      return `${quote(name)}${meant ? ` (nearest: ${meant})` : ""}`;
    }),
    list("of another shape", shapeMismatch, ({ name, expected, received }) => {
      return `${quote(name)} (expected ${shape(expected)}, received ${shape(received)})`;
    }),
  ];
  const differences = parts.filter((part) => part !== "").join("; ");
  return `Expected the ${count} weights of model ${model} but found ${differences}: ${hint}.`;
}

function list<T>(what: string, items: readonly T[], describe: (item: T) => string): string {
  if (items.length === 0) return "";
  const more = items.length > SHOWN ? ` and ${items.length - SHOWN} more` : "";
  return `${items.length} ${what}: ${items.slice(0, SHOWN).map(describe).join(", ")}${more}`;
}

const shape = (sizes: readonly number[]): string => `[${sizes.join(", ")}]`;

function wayOut({ loaded, missing, unexpected, shapeMismatch }: LoadReport): string {
  const classes = classCounts(shapeMismatch);
  if (classes && missing.length + unexpected.length === 0) {
    return `the model has ${classes.expected} classes and the weights are for ${classes.received}; set the number of classes to ${classes.received} or take other weights`;
  }
  if (loaded.length === 0) return "they are of another architecture; take the weights of this one";
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
