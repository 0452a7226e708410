import type { Cursor } from "./cursor.ts";
import { CheckpointError } from "./errors.ts";
import { type Budget, COST } from "./limits.ts";
import { Opaque } from "./opaque.ts";
import { Dict } from "./pickle-dict.ts";
import { findGlobal, findStorage, Global, StorageRef, TensorRef } from "./pickle-globals.ts";
import { malformed } from "./pickle-values.ts";

// Protocols 0 and 1 make an object of a class by a call of these: the class says more.
const RECONSTRUCTORS = /^copy_?reg\.(_reconstructor|__newobj__|__newobj_ex__)$/;

/** Does what one opcode says. */
export type Step = (machine: Machine, cursor: Cursor) => void;

const STOP = 0x2e;

/** More than are written: numbers of a file's choice would make a `Map` slow. */
const MAX_MEMO = 2 ** 24;

/**
 * The pickle machine, for one pickle. Dicts become `Dict`s, lists and tuples arrays, tensors `TensorRef`s. Everything else is `Opaque`, and
 * stays so whatever is done to it.
 */
export class Machine {
  readonly storages: StorageRef[] = [];
  /** The keys of storages of classes that are not known. */
  readonly unread = new Set<string>();
  readonly #cursor: Cursor;
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #budget: Budget;

  constructor(cursor: Cursor, budget: Budget) {
    this.#cursor = cursor;
    this.#budget = budget;
  }

  run(opcodes: ReadonlyMap<number, Step>): unknown {
    for (;;) {
      this.spend(COST.step);
      const opcode = this.#cursor.byte();
      if (opcode === STOP) return this.#pop();
      const step = opcodes.get(opcode);
      if (!step) {
        const hex = opcode.toString(16).padStart(2, "0");
        throw new CheckpointError("unsupported", `its pickle uses opcode 0x${hex}, which no state dict does`);
      }
      step(this, this.#cursor);
    }
  }

  /** Takes what is about to be made from what the file's pickles may take; before it is made. */
  spend(bytes: number): void {
    this.#budget.spend(bytes);
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
    this.spend(COST.tuple + COST.item * (this.#stack.length - mark));
    return this.#stack.splice(mark);
  }

  /** Pops everything above the last mark, and keeps nothing. */
  dropMark(): void {
    const mark = this.#marks.pop();
    if (mark === undefined || mark > this.#stack.length) throw malformed("takes more than it put");
    this.#stack.length = mark;
  }

  emptyList(): void {
    this.spend(COST.list);
    this.push([]);
  }

  emptyDict(): void {
    this.spend(COST.dict);
    this.push(new Dict());
  }

  tuple(length: number): void {
    if (this.#floor() + length > this.#stack.length) throw malformed("takes more than it put");
    this.spend(COST.tuple + COST.item * length);
    this.push(this.#stack.splice(this.#stack.length - length));
  }

  memoize(index = this.#memo.size): void {
    if (!(Number.isSafeInteger(index) && index >= 0 && index < MAX_MEMO)) throw malformed("keeps a value at no number");
    this.spend(COST.memo);
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
    this.spend(COST.item * values.length);
    for (const value of values) list.push(value);
  }

  setItems(items: unknown[]): void {
    const dict = this.#top();
    if (dict instanceof Opaque) return;
    if (!(dict instanceof Dict) || items.length % 2) throw malformed("sets items of something other than a dict");
    this.spend((COST.entry * items.length) / 2);
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string") throw malformed("has a global without a name");
    this.spend(COST.object + COST.character * (module.length + name.length));
    this.push(findGlobal(module, name));
  }

  stackGlobal(): void {
    const name = this.#pop();
    this.global(this.#pop(), name);
  }

  /** Adds to a set, none of which is kept. */
  addItems(): void {
    this.dropMark();
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
    if (!(object instanceof Dict || object instanceof TensorRef || object instanceof Opaque)) {
      throw malformed("gives attributes to something other than a dict");
    }
  }

  persistentId(id: unknown): void {
    this.spend(COST.object);
    const storage = findStorage(id);
    if (storage instanceof StorageRef) this.storages.push(storage);
    else if (Array.isArray(id) && typeof id[2] === "string") this.unread.add(id[2]);
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
    return args instanceof Opaque ? args : callee.call(args, (bytes) => this.spend(bytes));
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
}
