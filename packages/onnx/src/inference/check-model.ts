import { OnnxError } from "../errors.ts";

/**
 * The most nodes that a model may have, those of the functions that it calls and of its branches included. The largest networks for
 * segmentation have some 3000; what ONNX Runtime does when it opens a model takes time with the square of their number.
 */
const MAX_NODES = 5000;
/** Branches in branches, functions that call functions. */
const MAX_DEPTH = 64;

// Field numbers of ONNX's schema.
const MODEL = { graph: 7, functions: 25 } as const;
const GRAPH = { node: 1 } as const;
const NODE = { operator: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { graph: 6, graphs: 11 } as const;
const FUNCTION = { name: 1, node: 7, domain: 10 } as const;

/** Random access to a model's bytes; fewer than `length` at their end. */
export type ReadBytes = (position: number, length: number) => Uint8Array;

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Counts the nodes of an ONNX model before the runtime sees it: without reading its weights, and without expanding its functions.
 *
 * @param name - What messages call the model.
 * @throws {OnnxError} `model` for more than any network for segmentation has; what is no model at all passes: the runtime tells.
 */
export function checkModel(name: string, read: ReadBytes, size: number): void {
  const counter = new Counter(read);
  try {
    counter.model({ start: 0, end: size });
  } catch (error) {
    if (error !== TOO_MANY) throw error;
    const received = `more than ${MAX_NODES} (functions and branches count as often as they are run)`;
    throw new OnnxError(
      "model",
      {
        expected: `${name} to be a network of at most ${MAX_NODES} nodes`,
        received,
        hint: "simplify it, or take another",
      },
      { data: { file: name, expected: MAX_NODES } },
    );
  }
}

const TOO_MANY = new Error("too many nodes");

class Counter {
  readonly #read: ReadBytes;
  readonly #functions = new Map<string, Span>();
  readonly #counts = new Map<string, number>();
  /** Nodes that were looked at, each once. */
  #seen = 0;
  #buffer: Uint8Array = new Uint8Array(0);
  #bufferStart = 0;

  constructor(read: ReadBytes) {
    this.#read = read;
  }

  model(span: Span): void {
    for (const [field, value] of this.#fields(span)) {
      if (field === MODEL.functions) this.#functions.set(this.#nameOf(value, FUNCTION.domain, FUNCTION.name), value);
      if (this.#functions.size > MAX_NODES) throw TOO_MANY;
    }
    for (const [field, value] of this.#fields(span)) if (field === MODEL.graph) this.#nodes(value, GRAPH.node, 0);
  }

  /** How many nodes a graph or a function has, once what it calls stands in its place. */
  #nodes(span: Span, nodeField: number, depth: number): number {
    if (depth > MAX_DEPTH) throw TOO_MANY;
    let count = 0;
    for (const [field, node] of this.#fields(span)) {
      if (field !== nodeField) continue;
      if (++this.#seen > MAX_NODES) throw TOO_MANY;
      count += 1 + this.#called(this.#nameOf(node, NODE.domain, NODE.operator), depth);
      for (const [part, attribute] of this.#fields(node)) {
        if (part !== NODE.attribute) continue;
        for (const [kind, graph] of this.#fields(attribute)) {
          if (kind === ATTRIBUTE.graph || kind === ATTRIBUTE.graphs) count += this.#nodes(graph, GRAPH.node, depth + 1);
        }
      }
      if (count > MAX_NODES) throw TOO_MANY;
    }
    return count;
  }

  #called(name: string, depth: number): number {
    const body = this.#functions.get(name);
    if (!body) return 0;
    const known = this.#counts.get(name);
    if (known !== undefined) return known;
    const count = this.#nodes(body, FUNCTION.node, depth + 1);
    this.#counts.set(name, count);
    return count;
  }

  #nameOf(span: Span, domainField: number, nameField: number): string {
    let [domain, name] = ["", ""];
    for (const [field, value] of this.#fields(span)) {
      if (field === domainField) domain = this.#text(value);
      if (field === nameField) name = this.#text(value);
    }
    return `${domain}:${name}`;
  }

  #text({ start, end }: Span): string {
    // Longer names are told apart by the runtime.
    const length = Math.min(end - start, 256);
    return String.fromCharCode(...Array.from({ length }, (_, i) => this.#byte(start + i)));
  }

  /** The fields of a message that have a length, by number; ends where the bytes are no message. */
  *#fields({ start, end }: Span): Generator<[field: number, span: Span]> {
    for (let at = start; at < end; ) {
      const [key, afterKey] = this.#varint(at);
      const kind = key % 8;
      at = afterKey;
      if (kind === 0) at = this.#varint(at)[1];
      else if (kind === 1) at += 8;
      else if (kind === 5) at += 4;
      else if (kind === 2) {
        const [length, from] = this.#varint(at);
        if (!(from + length <= end)) return;
        yield [Math.floor(key / 8), { start: from, end: from + length }];
        at = from + length;
      } else return;
    }
  }

  #varint(at: number): [value: number, next: number] {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte(at + i);
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return [value, at + i + 1];
    }
    return [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  }

  #byte(at: number): number {
    const index = at - this.#bufferStart;
    if (index >= 0 && index < this.#buffer.length) return this.#buffer[index]!;
    // Weights are passed over: little is read at once.
    this.#buffer = this.#read(at, 4096);
    this.#bufferStart = at;
    return this.#buffer[0] ?? 0;
  }
}
