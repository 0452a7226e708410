import type { Cursor } from "./cursor.ts";
import { CheckpointError } from "./errors.ts";
import { Opaque } from "./opaque.ts";
import { findGlobal, findStorage, Global, StorageRef, TensorRef } from "./pickle-globals.ts";

/** The most bytes that a file's pickles may take. */
export const MAX_PICKLE = 2 ** 25;

/**
 * The most steps that one pickle may take: some 20,000 tensors' worth. A step allocates at most one small object,
 * so this also bounds the memory that a hostile pickle takes.
 */
const MAX_STEPS = 500_000;

const malformed = (what: string) => new CheckpointError("corrupt", `its pickle ${what}: get the file anew`);

/** The longest line of text in a pickle of protocol 0. */
const MAX_LINE = 2 ** 16;

const BYTES = new Opaque("builtins.bytes");
const SET = new Opaque("builtins.set");
const HUGE = new Opaque("builtins.int");
// The digits of the largest integer that is read: `torch.save`'s magic number has 24.
const MAX_DIGITS = 40;

// Protocols 0 and 1 make an object of a class by a call of these: the class says more.
const RECONSTRUCTORS = /^copy_?reg\.(_reconstructor|__newobj__|__newobj_ex__)$/;

const exact = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** A signed little-endian integer, as a number where that is exact. */
function integer(bytes: Buffer): number | bigint | Opaque {
  if (bytes.length === 0) return 0;
  if (bytes.length > 255) return HUGE;
  return exact(BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`)));
}

/** An integer as protocol 0 writes it, `12` or `12L`; `00` and `01` are False and True. */
function decimal(line: string): number | bigint | boolean | Opaque {
  if (line === "00" || line === "01") return line === "01";
  const digits = line.replace(/L$/, "");
  if (!/^[+-]?\d+$/.test(digits)) throw malformed("has an integer that is none");
  return digits.length > MAX_DIGITS ? HUGE : exact(BigInt(digits.replace("+", "")));
}

/** Python 2 wrote names as bytes: UTF-8, or else Latin-1. */
const text2 = (bytes: Buffer): string => {
  const text = bytes.toString("utf8");
  return text.includes("\ufffd") ? bytes.toString("latin1") : text;
};

/** A string as protocol 0 writes it: in quotes, with Python's escapes. */
function quoted(line: string): string {
  if (!/^(["']).*\1$/s.test(line) || line.length < 2) throw malformed("has a string without quotes");
  return unescaped(line.slice(1, -1));
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", "'": "'", '"': '"' };

const unescaped = (text: string): string =>
  text.replace(/\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4}|.)/gi, (whole, code: string) =>
    code.length > 1 ? String.fromCodePoint(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? whole),
  );

/**
 * The pickle machine, for one pickle. Dicts become `Map`s, lists and tuples arrays, tensors `TensorRef`s. Everything else is `Opaque`, and
 * stays so whatever is done to it.
 */
class Machine {
  readonly storages: StorageRef[] = [];
  readonly #cursor: Cursor;
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  #steps = 0;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  run(): unknown {
    for (;;) {
      this.#spend(1);
      const opcode = this.#cursor.byte();
      if (opcode === STOP) return this.#pop();
      const step = OPCODES.get(opcode);
      if (!step) {
        const hex = opcode.toString(16).padStart(2, "0");
        throw new CheckpointError("unsupported", `its pickle uses opcode 0x${hex}, which no state dict does`);
      }
      step(this, this.#cursor);
    }
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Pops everything above the last mark. */
  popMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined || mark > this.#stack.length) throw malformed("takes more than it put");
    return this.#stack.splice(mark);
  }

  tuple(length: number): void {
    if (this.#floor() + length > this.#stack.length) throw malformed("takes more than it put");
    this.push(this.#stack.splice(this.#stack.length - length));
  }

  memoize(index = this.#memo.size): void {
    this.#memo.set(index, this.#top());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) throw malformed("recalls what it never kept");
    this.push(this.#memo.get(index));
  }

  append(values: unknown[]): void {
    const list = this.#top();
    if (list instanceof Opaque) return;
    if (!Array.isArray(list)) throw malformed("appends to something other than a list");
    for (const value of values) list.push(value);
  }

  setItems(items: unknown[]): void {
    const dict = this.#top();
    if (dict instanceof Opaque) return;
    if (!(dict instanceof Map) || items.length % 2) throw malformed("sets items of something other than a dict");
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string") throw malformed("has a global without a name");
    this.push(findGlobal(module, name));
  }

  stackGlobal(): void {
    const name = this.#pop();
    this.global(this.#pop(), name);
  }

  /** Adds to a set, none of which is kept. */
  addItems(): void {
    this.popMark();
    if (!(this.#top() instanceof Opaque)) throw malformed("adds to something other than a set");
  }

  /** Calls what lies under its arguments. */
  reduce(): void {
    const args = this.#pop();
    this.call(this.#pop(), args);
  }

  /** The same with arguments by name, of which no known function has any. */
  newObjectByNames(): void {
    this.#pop();
    this.reduce();
  }

  call(callee: unknown, args: unknown): void {
    this.push(this.#result(callee, args));
  }

  /** Drops an object's attributes: an OrderedDict's `_metadata` says nothing about its tensors. */
  build(): void {
    this.#pop();
    const object = this.#top();
    if (!(object instanceof Map || object instanceof TensorRef || object instanceof Opaque)) {
      throw malformed("gives attributes to something other than a dict");
    }
  }

  persistentId(id: unknown): void {
    const storage = findStorage(id);
    if (storage instanceof StorageRef) this.storages.push(storage);
    this.push(storage);
  }

  pop(): unknown {
    return this.#pop();
  }

  /** Drops the top, a mark too. */
  drop(): void {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
    else this.#pop();
  }

  duplicate(): void {
    this.push(this.#top());
  }

  #result(callee: unknown, args: unknown): unknown {
    if (callee instanceof Opaque) {
      const [made] = RECONSTRUCTORS.test(callee.global) && Array.isArray(args) ? args : [];
      return made instanceof Opaque ? made : callee;
    }
    if (!(callee instanceof Global && callee.call && (Array.isArray(args) || args instanceof Opaque))) {
      throw malformed("calls something that is no function");
    }
    return args instanceof Opaque ? args : callee.call(args, (steps) => this.#spend(steps));
  }

  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #pop(): unknown {
    if (this.#stack.length <= this.#floor()) throw malformed("takes more than it put");
    return this.#stack.pop();
  }

  #top(): unknown {
    if (this.#stack.length <= this.#floor()) throw malformed("takes more than it put");
    return this.#stack.at(-1);
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) {
      throw new CheckpointError("unsupported", "its pickle is longer than that of any state dict: save only tensors");
    }
  }
}

type Step = (machine: Machine, cursor: Cursor) => void;

const STOP = 0x2e;

const u32 = (cursor: Cursor): number => cursor.take(4).readUInt32LE();

/** A length of 64 bits: no file has as many bytes as the larger ones say. */
const u64 = (cursor: Cursor): number => Number(cursor.take(8).readBigUInt64LE());

const text = (length: (cursor: Cursor) => number): Step => {
  return (m, c) => m.push(c.take(length(c)).toString("utf8"));
};

const string = (length: (cursor: Cursor) => number): Step => {
  return (m, c) => m.push(text2(c.take(length(c))));
};

/** Bytes are never a tensor's: they are passed over. */
const bytes = (length: (cursor: Cursor) => number): Step => {
  return (m, c) => {
    c.take(length(c));
    m.push(BYTES);
  };
};

const setItem: Step = (m) => {
  const value = m.pop();
  m.setItems([m.pop(), value]);
};

const dictOf: Step = (m) => {
  const items = m.popMark();
  m.push(new Map());
  m.setItems(items);
};

const object: Step = (m) => {
  const [callee, ...args] = m.popMark();
  m.call(callee, args);
};

const instance: Step = (m, c) => {
  const args = m.popMark();
  m.global(c.line(), c.line());
  m.call(m.pop(), args);
};

const index = (cursor: Cursor): number => Number(cursor.line());

/** The opcodes of protocols 0 to 5, by Python's names, but those of the extension registry and of buffers out of band. */
const OPCODES = new Map<number, Step>([
  // PROTO, FRAME
  [0x80, (_, c) => void c.take(1)],
  [0x95, (_, c) => void c.take(8)],
  // NONE, NEWTRUE, NEWFALSE
  [0x4e, (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  // BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT; INT, LONG, FLOAT
  [0x4a, (m, c) => m.push(c.take(4).readInt32LE())],
  [0x4b, (m, c) => m.push(c.byte())],
  [0x4d, (m, c) => m.push(c.take(2).readUInt16LE())],
  [0x8a, (m, c) => m.push(integer(c.take(c.byte())))],
  [0x8b, (m, c) => m.push(integer(c.take(u32(c))))],
  [0x47, (m, c) => m.push(c.take(8).readDoubleBE())],
  [0x49, (m, c) => m.push(decimal(c.line()))],
  [0x4c, (m, c) => m.push(decimal(c.line(MAX_LINE)))],
  [0x46, (m, c) => m.push(Number(c.line()))],
  // BINUNICODE, SHORT_BINUNICODE, BINUNICODE8, BINSTRING, SHORT_BINSTRING; UNICODE, STRING
  [0x58, text(u32)],
  [0x8c, text((c) => c.byte())],
  [0x8d, text(u64)],
  [0x54, string(u32)],
  [0x55, string((c) => c.byte())],
  [0x56, (m, c) => m.push(unescaped(c.line(MAX_LINE)))],
  [0x53, (m, c) => m.push(quoted(c.line(MAX_LINE)))],
  // SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8
  [0x43, bytes((c) => c.byte())],
  [0x42, bytes(u32)],
  [0x8e, bytes(u64)],
  [0x96, bytes(u64)],
  // MARK, POP, POP_MARK, DUP
  [0x28, (m) => m.mark()],
  [0x30, (m) => m.drop()],
  [0x31, (m) => void m.popMark()],
  [0x32, (m) => m.duplicate()],
  // TUPLE, EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3
  [0x74, (m) => m.push(m.popMark())],
  [0x29, (m) => m.push([])],
  [0x85, (m) => m.tuple(1)],
  [0x86, (m) => m.tuple(2)],
  [0x87, (m) => m.tuple(3)],
  // EMPTY_LIST, LIST, APPEND, APPENDS
  [0x5d, (m) => m.push([])],
  [0x6c, (m) => m.push(m.popMark())],
  [0x61, (m) => m.append([m.pop()])],
  [0x65, (m) => m.append(m.popMark())],
  // EMPTY_DICT, DICT, SETITEM, SETITEMS
  [0x7d, (m) => m.push(new Map())],
  [0x64, dictOf],
  [0x73, setItem],
  [0x75, (m) => m.setItems(m.popMark())],
  // EMPTY_SET, FROZENSET, ADDITEMS
  [0x8f, (m) => m.push(SET)],
  [
    0x91,
    (m) => {
      m.popMark();
      m.push(SET);
    },
  ],
  [0x90, (m) => m.addItems()],
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET; PUT, GET
  [0x71, (m, c) => m.memoize(c.byte())],
  [0x72, (m, c) => m.memoize(u32(c))],
  [0x94, (m) => m.memoize()],
  [0x68, (m, c) => m.recall(c.byte())],
  [0x6a, (m, c) => m.recall(u32(c))],
  [0x70, (m, c) => m.memoize(index(c))],
  [0x67, (m, c) => m.recall(index(c))],
  // GLOBAL, STACK_GLOBAL
  [0x63, (m, c) => m.global(c.line(), c.line())],
  [0x93, (m) => m.stackGlobal()],
  // REDUCE, NEWOBJ, NEWOBJ_EX, OBJ, INST, BUILD
  [0x52, (m) => m.reduce()],
  [0x81, (m) => m.reduce()],
  [0x92, (m) => m.newObjectByNames()],
  [0x6f, object],
  [0x69, instance],
  [0x62, (m) => m.build()],
  // BINPERSID, PERSID
  [0x51, (m) => m.persistentId(m.pop())],
  [0x50, (m, c) => m.persistentId(c.line())],
]);

/**
 * Unpickles one pickle, rebuilding only what a state dict needs: values of other kinds are `Opaque`, and nothing is run for them.
 *
 * @returns its value, and each storage that it refers to.
 * @throws {CheckpointError} `unsupported`, `corrupt` or `truncated`.
 */
export function unpickle(cursor: Cursor): { value: unknown; storages: StorageRef[] } {
  const machine = new Machine(cursor);
  return { value: machine.run(), storages: machine.storages };
}
