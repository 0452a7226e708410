import { hostilePickle } from "./hostile-pickles.ts";
import { hostileSafetensors } from "./hostile-safetensors.ts";
import { hostileZip } from "./hostile-zips.ts";
import type { Roll } from "./mutate.ts";

/** A kind of file that is made to hurt whoever reads it. */
export interface Hostile {
  readonly name: string;
  /**
   * Makes one.
   *
   * @param roll - Numbers in [0, n), seeded.
   * @param scale - How often what repeats does so: thousands for a quick test, millions for one of memory and time.
   */
  readonly build: (roll: Roll, scale: number) => Buffer;
  /** Whether a reader must refuse it; others may also be read, in whole tensors. */
  readonly isRefused: boolean;
}

const kinds = (builders: object, isRefused: boolean): Hostile[] =>
  Object.entries(builders as Record<string, Hostile["build"]>).map(([name, build]) => ({ name, build, isRefused }));

/** One of each kind. */
export const HOSTILE: readonly Hostile[] = [
  ...kinds(hostilePickle.refused, true),
  ...kinds(hostilePickle.other, false),
  ...kinds(hostileZip, true),
  ...kinds(hostileSafetensors, true),
];
