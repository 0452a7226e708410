import { isBeside } from "./beside.ts";
import { CheckpointError, quote } from "./errors.ts";
import { beyondLimits, type Limits } from "./limits.ts";
import { Opaque, refusal } from "./opaque.ts";
import { Dict } from "./pickle-dict.ts";
import { TensorRef } from "./pickle-globals.ts";
import { checkName, checkView, isName } from "./tensor.ts";

/**
 * The keys under which training scripts save the weights beside epoch and optimizer state; the first of them counts that holds
 * the network. */
const WRAPPERS = [
  "state_dict",
  "model_state_dict",
  "model",
  "model_state",
  "net",
  "network",
  "module",
  "weights",
  "params",
  "params_ema",
  "ema",
  "checkpoint",
];

// Dicts lie in each other, are shared, and may hold themselves: so deep is looked, and at so many entries in all as the limits say.
const MAX_DEPTH = 8;

/** What a checkpoint holds by name, in order: its tensors, and what stands in place of some. */
export interface Contents {
  readonly tensors: Map<string, TensorRef>;
  readonly skipped: Map<string, Opaque>;
}

/**
 * The tensors of an unpickled checkpoint: of the dict itself, or of the one that lies in it under a name such as `state_dict`, or under the
 * names of networks (`encoder`, `decoder`), which then begin the tensors' names. Entries that are no tensors are skipped, and dicts of what
 * lies beside a network, such as its average.
 *
 * @throws {CheckpointError} `unsafe-pickle` where in place of a state dict there is an object that would have to be run; `unsupported` where
 *   there are only other things; `corrupt` where a tensor exceeds its storage.
 */
export function contentsOf(root: unknown, limits: Limits): Contents {
  if (root instanceof Opaque) throw refusal(root);
  if (!(root instanceof Dict)) {
    throw new CheckpointError(
      "unsupported",
      "expected a state dict, but it holds a single value: save it in Python with torch.save(model.state_dict(), path)",
    );
  }
  const contents = new Gatherer(limits).gather(root, 0);
  const { tensors, skipped } = contents;
  for (const [name, { view, available, viewOfStorage }] of tensors) {
    checkName(name);
    checkView(name, view, available);
    // The view of an untyped storage begins at a byte.
    if (!Number.isInteger(viewOfStorage.offset))
      throw new CheckpointError("corrupt", `${quote(name)} begins within an element: get the file anew`);
  }
  // A whole model in place of its state dict.
  const model = WRAPPERS.map((key) => root.named.get(key)).find((value) => value instanceof Opaque);
  if (model && ![...tensors.keys()].some((name) => name.includes("."))) throw refusal(model);
  if (tensors.size === 0 && root.size > 0) {
    const [first] = skipped;
    if (first) throw refusal(first[1], quote(first[0]));
    throw new CheckpointError(
      "unsupported",
      `expected a state dict, but it holds no tensors under its keys (${root.keys.join(", ")}): save model.state_dict() alone`,
    );
  }
  return contents;
}

class Gatherer {
  readonly #limits: Limits;
  #entries = 0;
  #characters = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  gather(dict: Dict, depth: number): Contents {
    const tensors = new Map<string, TensorRef>();
    const skipped = new Map<string, Opaque>();
    const inner = new Map<string, Contents>();
    for (const [name, value] of dict.named) {
      if (++this.#entries > this.#limits.entries) throw beyondLimits("its dicts have more entries");
      if (value instanceof TensorRef) tensors.set(name, value);
      else if (value instanceof Opaque) {
        if (isName(name)) skipped.set(name, value);
      } else if (value instanceof Dict && depth < MAX_DEPTH) {
        const contents = this.gather(value, depth + 1);
        if (contents.tensors.size > 0) inner.set(name, contents);
      }
    }
    const networks = new Map([...inner].filter(([name]) => !isBeside(name)));
    // An average is all that some files hold.
    if (networks.size + layersIn(tensors) === 0) for (const [name, contents] of inner) networks.set(name, contents);
    const wrapper = WRAPPERS.find((key) => networks.has(key));
    if (wrapper !== undefined && holdsTheNetwork(wrapper, networks, tensors)) return networks.get(wrapper)!;
    const [only] = networks.values();
    if (networks.size === 1 && tensors.size === 0) return only!;
    // A network's dict may hold a few more tensors in a dict of its own; a dict of networks holds most in theirs.
    const within = [...networks.values()].reduce((sum, contents) => sum + contents.tensors.size, 0);
    if (within > tensors.size) {
      for (const [network, contents] of networks) {
        for (const [name, value] of contents.tensors) tensors.set(this.#joined(network, name), value);
        for (const [name, value] of contents.skipped) skipped.set(this.#joined(network, name), value);
      }
    }
    return { tensors, skipped };
  }

  /** A name within a network, of which there may be as many as there are tensors: they are counted before they are made. */
  #joined(network: string, name: string): string {
    this.#characters += network.length + 1 + name.length;
    if (this.#characters > this.#limits.names) throw beyondLimits("the names of its tensors are longer");
    return `${network}.${name}`;
  }
}

// Layers have dots in their names; a few numbers may stand beside any network.
const layersIn = (tensors: ReadonlyMap<string, TensorRef>): number =>
  [...tensors.keys()].filter((name) => name.includes(".")).length;

/** Whether the dict under this key is the network, and what lies around it is small, and no copy of it. */
function holdsTheNetwork(
  key: string,
  networks: ReadonlyMap<string, Contents>,
  around: ReadonlyMap<string, TensorRef>,
): boolean {
  const { tensors } = networks.get(key)!;
  if (layersIn(around) > tensors.size) return false;
  return [...networks].every(([name, other]) => {
    if (name === key) return true;
    const same = [...other.tensors.keys()].filter((one) => tensors.has(one)).length;
    return other.tensors.size <= tensors.size && 2 * same < tensors.size;
  });
}
