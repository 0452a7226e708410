import { hostileJson, type Random } from "../../../ade20k-data/test/support/hostile-text.ts";

/** Notes as a training writes them at the end of its first epoch, but for the checksums. */
export const soundNotes = (checksums: Record<"encoder" | "decoder" | "history", string>) => ({
  position: { epoch: 1, iteration: 0 },
  updates: 4,
  seeds: { dropout: 7 },
  checksums,
  settings: { "TRAIN.seed": 304 },
  engine: "cpu",
});

/** The same as text in which something was edited by hand. */
export const hostileNotes = (random: Random, sound: ReturnType<typeof soundNotes>): string =>
  JSON.stringify(hostileJson(random, sound)) ?? "";

/** The text of any other JSON file that is read back, edited likewise. */
export const hostileJsonText = (random: Random, sound: unknown): string =>
  random() < 0.1 ? '{"cut": [1, ' : (JSON.stringify(hostileJson(random, sound)) ?? "");
