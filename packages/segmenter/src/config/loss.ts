/** The losses that `TRAIN.loss` is a sum of. */
export const LOSS_NAMES = ["ce", "ohem", "focal", "dice", "lovasz"] as const;

/** One of {@link LOSS_NAMES}. */
export type LossName = (typeof LOSS_NAMES)[number];

/** A loss and what it is multiplied by in the sum. */
export interface LossTerm {
  name: LossName;
  coefficient: number;
}

/** Losses that are means over pixels, in which class weights count. */
const OF_PIXELS: readonly LossName[] = ["ce", "ohem", "focal"];

/** Ways to make class weights of how often each class occurs. */
export const BALANCES = ["inverse", "median", "effective"] as const;

/** One of {@link BALANCES}. */
export type Balance = (typeof BALANCES)[number];

/** What the value of `TRAIN.class_weights` means, where it is text: a way to make them; else a file, or "" for none. */
export const balanceOf = (weights: unknown): Balance | undefined => BALANCES.find((name) => name === weights);

/** The pattern's time grows with the square of a term. */
const LONGEST_SUM = 500;
const TERM = /^(?:([\d.]+(?:e[+-]?\d+)?)\s*\*?\s*)?([a-z]+)$/;

/**
 * Reads a sum of losses: `ce`, `0.5 dice`, `ce + 0.5 dice + 0.25 * lovasz`.
 *
 * @returns its terms; undefined if it is no such sum, names a loss twice, or multiplies one by what is not above 0.
 */
export function parseLoss(text: string): LossTerm[] | undefined {
  if (text.length > LONGEST_SUM) return undefined;
  const terms: LossTerm[] = [];
  // The plus of 1e+2 joins nothing.
  for (const part of text.toLowerCase().split(/(?<!\de)\+/)) {
    const [, coefficient = "1", word] = TERM.exec(part.trim()) ?? [];
    const name = LOSS_NAMES.find((known) => known === word);
    const factor = Number(coefficient);
    if (!name || !(factor > 0 && factor < Number.POSITIVE_INFINITY)) return undefined;
    if (terms.some((term) => term.name === name)) return undefined;
    terms.push({ name, coefficient: factor });
  }
  return terms;
}

/** The same sum in the same words, however it was written: `ce + 0.5 dice`. */
export const lossText = (terms: readonly LossTerm[]): string =>
  terms.map(({ name, coefficient }) => (coefficient === 1 ? name : `${coefficient} ${name}`)).join(" + ");

/** The names in a sum that {@link parseLoss} takes. */
export const lossNames = (loss: string): LossName[] => parseLoss(loss)!.map(({ name }) => name);

/** Whether class weights count in a sum. */
export const takesClassWeights = (loss: string): boolean => lossNames(loss).some((name) => OF_PIXELS.includes(name));
