import { quote } from "./errors.ts";
import { MAX_NAME } from "./tensor.ts";

/** Of the keys that a message lists. */
const SHOWN = 5;

/**
 * A dict of a pickle: what it holds by name. Entries under other keys are counted only: tensors have names, and numbers can be chosen so that a
 * `Map` takes time with the square of their count; for the same reason names too long for a tensor are cut, to such that still are. Of entries
 * of one name the last counts, as in Python.
 */
export class Dict {
  readonly named = new Map<string, unknown>();
  #unnamed = 0;
  #first: unknown[] | undefined;

  set(key: unknown, value: unknown): void {
    if (typeof key === "string") this.named.set(key.length > MAX_NAME ? key.slice(0, MAX_NAME + 1) : key, value);
    else {
      this.#unnamed++;
      this.#first ??= [];
      if (this.#first.length < SHOWN) this.#first.push(key);
    }
  }

  /** How many entries were set. */
  get size(): number {
    return this.named.size + this.#unnamed;
  }

  /** The first few keys, in words. */
  get keys(): string[] {
    const keys = [...(this.#first ?? [])];
    const names: string[] = [];
    for (const name of this.named.keys()) {
      if (names.length === SHOWN) break;
      names.push(quote(name));
    }
    return [...names, ...keys.map(described)].slice(0, SHOWN);
  }
}

/** A key that is no text: what is no number either may be of any depth. */
const described = (key: unknown) => (typeof key === "number" ? `the number ${key}` : "another value");
