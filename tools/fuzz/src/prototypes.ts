/** What every object of a kind shares; a key added here is added everywhere. */
const SHARED: readonly (readonly [string, object])[] = [
  ["Object.prototype", Object.prototype],
  ["Function.prototype", Function.prototype],
  ["Array.prototype", Array.prototype],
  ["String.prototype", String.prototype],
  ["Number.prototype", Number.prototype],
  ["Boolean.prototype", Boolean.prototype],
  ["RegExp.prototype", RegExp.prototype],
  ["Map.prototype", Map.prototype],
  ["Set.prototype", Set.prototype],
  ["Promise.prototype", Promise.prototype],
  ["Error.prototype", Error.prototype],
  ["Buffer.prototype", Buffer.prototype],
  ["Object", Object],
  ["Array", Array],
  ["JSON", JSON],
  ["Math", Math],
  ["globalThis", globalThis],
  ["process.env", process.env],
];

type Keys = Map<PropertyKey, unknown>;

/** Node loads these when they are first asked for. */
const LAZY = /^(crypto|fetch|navigator|localStorage|sessionStorage|[A-Z]\w+)$/;

/** Prototypes and globals as they were when this was made. */
export class Prototypes {
  readonly #before = SHARED.map(([, object]) => keysOf(object));

  /** What has changed since; it is put back, so that it is told once. */
  changes(): string[] {
    return SHARED.flatMap(([name, object], i) => {
      const before = this.#before[i]!;
      const now = keysOf(object);
      const found: string[] = [];
      for (const [key, value] of now) {
        if (before.has(key) && before.get(key) === value) continue;
        if (object === globalThis && LAZY.test(String(key))) continue;
        found.push(`${name}.${String(key)}`);
        if (before.has(key))
          Object.defineProperty(object, key, { value: before.get(key), configurable: true, writable: true });
        else Reflect.deleteProperty(object, key);
      }
      for (const key of before.keys()) if (!now.has(key)) found.push(`${name}.${String(key)} is gone`);
      return found;
    });
  }
}

function keysOf(object: object): Keys {
  const keys: Keys = new Map();
  for (const key of Reflect.ownKeys(object)) {
    const { value, get } = Object.getOwnPropertyDescriptor(object, key)!;
    keys.set(key, get ?? value);
  }
  return keys;
}
