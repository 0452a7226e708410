import type { Cursor } from "./cursor.ts";
import { CheckpointError } from "./errors.ts";
import { findGlobal, findStorage, Global, type StorageRef } from "./pickle-globals.ts";

/** The most bytes that a file's pickles may take. */
export const MAX_PICKLE = 2 ** 25;

/**
 * The most steps that one pickle may take: some 20,000 tensors' worth. A step allocates at most one small object,
 * so this also bounds the memory that a hostile pickle takes.
 */
const MAX_STEPS = 500_000;

const malformed = (what: string) => new CheckpointError("corrupt", `its pickle ${what}: get the file anew`);

/** A signed little-endian integer, as a number where that is exact. */
function integer(bytes: Buffer): number | bigint {
  if (bytes.length === 0) return 0;
  const value = BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** The pickle machine, for one pickle. Dicts become `Map`s, lists and tuples arrays, tensors `TensorRef`s. */
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
    if (!Array.isArray(list)) throw malformed("appends to something other than a list");
    for (const value of values) list.push(value);
  }

  setItems(items: unknown[]): void {
    const dict = this.#top();
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

  reduce(): void {
    const args = this.#pop();
    const callee = this.#pop();
    if (!(callee instanceof Global && callee.call && Array.isArray(args))) {
      throw malformed("calls something that is no function");
    }
    this.push(callee.call(args, (steps) => this.#spend(steps)));
  }

  /** Drops an object's attributes: an OrderedDict's `_metadata` says nothing about its tensors. */
  build(): void {
    this.#pop();
    if (!(this.#top() instanceof Map)) throw malformed("gives attributes to something other than a dict");
  }

  persistentId(): void {
    const storage = findStorage(this.#pop());
    this.storages.push(storage);
    this.push(storage);
  }

  pop(): unknown {
    return this.#pop();
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

const text = (length: (cursor: Cursor) => number): Step => {
  return (m, c) => m.push(c.take(length(c)).toString("utf8"));
};

const u32 = (cursor: Cursor): number => cursor.take(4).readUInt32LE();

/** The opcodes of protocols 2 and 4 that torch.save emits, by Python's names. */
const OPCODES = new Map<number, Step>([
  // PROTO, FRAME
  [0x80, (_, c) => void c.take(1)],
  [0x95, (_, c) => void c.take(8)],
  // NONE, NEWTRUE, NEWFALSE
  [0x4e, (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  // BININT, BININT1, BININT2, LONG1, BINFLOAT
  [0x4a, (m, c) => m.push(c.take(4).readInt32LE())],
  [0x4b, (m, c) => m.push(c.byte())],
  [0x4d, (m, c) => m.push(c.take(2).readUInt16LE())],
  [0x8a, (m, c) => m.push(integer(c.take(c.byte())))],
  [0x47, (m, c) => m.push(c.take(8).readDoubleBE())],
  // BINUNICODE, SHORT_BINUNICODE, BINSTRING, SHORT_BINSTRING
  [0x58, text(u32)],
  [0x8c, text((c) => c.byte())],
  [0x54, text(u32)],
  [0x55, text((c) => c.byte())],
  // MARK, TUPLE, EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3
  [0x28, (m) => m.mark()],
  [0x74, (m) => m.push(m.popMark())],
  [0x29, (m) => m.push([])],
  [0x85, (m) => m.tuple(1)],
  [0x86, (m) => m.tuple(2)],
  [0x87, (m) => m.tuple(3)],
  // EMPTY_LIST, APPEND, APPENDS, EMPTY_DICT, SETITEM, SETITEMS
  [0x5d, (m) => m.push([])],
  [0x61, (m) => m.append([m.pop()])],
  [0x65, (m) => m.append(m.popMark())],
  [0x7d, (m) => m.push(new Map())],
  [
    0x73,
    (m) => {
      const value = m.pop();
      m.setItems([m.pop(), value]);
    },
  ],
  [0x75, (m) => m.setItems(m.popMark())],
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  [0x71, (m, c) => m.memoize(c.byte())],
  [0x72, (m, c) => m.memoize(u32(c))],
  [0x94, (m) => m.memoize()],
  [0x68, (m, c) => m.recall(c.byte())],
  [0x6a, (m, c) => m.recall(u32(c))],
  // GLOBAL, STACK_GLOBAL, REDUCE, BUILD, BINPERSID
  [0x63, (m, c) => m.global(c.line(), c.line())],
  [0x93, (m) => m.stackGlobal()],
  [0x52, (m) => m.reduce()],
  [0x62, (m) => m.build()],
  [0x51, (m) => m.persistentId()],
]);

/**
 * Unpickles one pickle, with only the opcodes and globals that a state dict needs.
 *
 * @returns its value, and each storage that it refers to.
 * @throws {CheckpointError} `unsafe-pickle`, `unsupported`, `corrupt` or `truncated`.
 */
export function unpickle(cursor: Cursor): { value: unknown; storages: StorageRef[] } {
  const machine = new Machine(cursor);
  return { value: machine.run(), storages: machine.storages };
}
