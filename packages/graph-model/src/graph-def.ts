import type { WeightBlock } from "./weights.ts";

/** An attribute of a node, in the JSON form of TensorFlow's `AttrValue`: strings are base64. */
export type Attr =
  | { readonly i: string }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly s: string }
  | { readonly type: DataType }
  | { readonly shape: TensorShape }
  | { readonly tensor: { readonly dtype: DataType; readonly tensorShape: TensorShape } }
  | { readonly list: { readonly i?: readonly string[]; readonly s?: readonly string[] } };

/** TensorFlow's names of the types used here. */
export type DataType = "DT_FLOAT" | "DT_INT32";

/** A shape in the JSON form of TensorFlow's `TensorShapeProto`; −1 for a size that is not known. */
export interface TensorShape {
  readonly dim: readonly { readonly size: string }[];
}

/** A node of a graph: an operation on what other nodes give. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, Attr>>;
}

/** Makes attributes. */
export const attr = {
  int: (value: number): Attr => ({ i: String(value) }),
  ints: (values: readonly number[]): Attr => ({ list: { i: values.map(String) } }),
  float: (value: number): Attr => ({ f: value }),
  bool: (value: boolean): Attr => ({ b: value }),
  string: (value: string): Attr => ({ s: btoa(value) }),
  strings: (values: readonly string[]): Attr => ({ list: { s: values.map((value) => btoa(value)) } }),
  type: (type: DataType): Attr => ({ type }),
};

/** A shape, unknown sizes null. */
export const tensorShape = (sizes: readonly (number | null)[]): TensorShape => ({
  dim: sizes.map((size) => ({ size: String(size ?? -1) })),
});

/** Collects the nodes of a graph and the weights of its constants; what is computed twice becomes one node. */
export class GraphDefBuilder {
  readonly nodes: NodeDef[] = [];
  readonly weights: WeightBlock[] = [];
  /** What names of nodes begin with: the layer that they come from. */
  scope = "";
  readonly #names = new Set<string>();
  readonly #made = new Map<string, string>();

  /** Adds a node; gives its name, by which others take its output. */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attr>> = {}): string {
    const key = JSON.stringify([op, inputs, attributes]);
    const before = this.#made.get(key);
    if (before !== undefined) return before;
    const name = this.named(op, op, inputs, attributes);
    this.#made.set(key, name);
    return name;
  }

  /** Adds a node that stays apart from others, named like this or nearly so. */
  named(what: string, op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attr>> = {}): string {
    const name = this.#newName(what);
    this.nodes.push({ name, op, ...(inputs.length > 0 && { input: inputs }), attr: attributes });
    return name;
  }

  /** Whole numbers. */
  ints(values: number | readonly number[], shape?: readonly number[]): string {
    return this.#constant("int32", values, shape);
  }

  /** Numbers to compute with; they stay float32 in a graph of float16. */
  floats(values: number | readonly number[], shape?: readonly number[]): string {
    return this.#constant("float32", values, shape);
  }

  /** A number that TensorFlow.js reads itself: apart from {@link floats}, which an engine may have moved to its own memory. */
  parameter(value: number): string {
    return this.#constant("float32", value, [], "parameter");
  }

  /**
   * Constants whose values are read when they are written.
   *
   * @param constants - What they are and their shapes, in the order in which `read` gives their values.
   * @returns their nodes' names.
   */
  lazy(constants: readonly (readonly [what: string, shape: readonly number[]])[], read: () => Float32Array): string[] {
    const made = constants.map(([what, shape]) => ({ name: this.#const(what, "DT_FLOAT", shape), shape }));
    this.weights.push({ constants: made, dtype: "float32", isCompressible: true, read });
    return made.map(({ name }) => name);
  }

  #constant(
    dtype: "int32" | "float32",
    values: number | readonly number[],
    shape?: readonly number[],
    what = "const",
  ): string {
    const list = typeof values === "number" ? [values] : values;
    const sizes = shape ?? (typeof values === "number" ? [] : [list.length]);
    const key = JSON.stringify([what, dtype, list, sizes]);
    const before = this.#made.get(key);
    if (before !== undefined) return before;
    const name = this.#const(what, dtype === "int32" ? "DT_INT32" : "DT_FLOAT", sizes);
    this.#made.set(key, name);
    const read = () => (dtype === "int32" ? Int32Array.from(list) : Float32Array.from(list));
    this.weights.push({ constants: [{ name, shape: sizes }], dtype, isCompressible: false, read });
    return name;
  }

  #const(what: string, dtype: DataType, shape: readonly number[]): string {
    const value = { tensor: { dtype, tensorShape: tensorShape(shape) } };
    return this.named(what, "Const", [], { dtype: { type: dtype }, value });
  }

  #newName(what: string): string {
    // The rest means something in TensorFlow's names of tensors.
    const base = [this.scope, what]
      .filter((part) => part !== "")
      .join("/")
      .replace(/[^A-Za-z0-9_./-]/g, "_");
    let name = base;
    for (let i = 1; this.#names.has(name); i++) name = `${base}_${i}`;
    this.#names.add(name);
    return name;
  }
}
