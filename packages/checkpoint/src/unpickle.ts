import { i32, u16, u32 as u32At, u64 as u64At, utf8 } from "./bytes.ts";
import type { Cursor } from "./cursor.ts";
import { type Budget, COST } from "./limits.ts";
import { Opaque } from "./opaque.ts";
import type { StorageRef } from "./pickle-globals.ts";
import { Machine, type Step } from "./pickle-machine.ts";
import { decimal, integer, quoted, rawUnicode, text2 } from "./pickle-values.ts";

/** The longest line of text in a pickle of protocol 0. */
const MAX_LINE = 2 ** 16;

const BYTES = new Opaque("builtins.bytes");
const SET = new Opaque("builtins.set");

const u32 = (cursor: Cursor): number => u32At(cursor.take(4), 0);

/** A length of 64 bits: no file has as many bytes as the larger ones say. */
const u64 = (cursor: Cursor): number => u64At(cursor.take(8), 0);

const doubleBE = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);

/** Bytes that become a value, paid for. */
function taken(machine: Machine, cursor: Cursor, length: number): Uint8Array {
  const bytes = cursor.take(length);
  machine.spend(COST.text + COST.character * length);
  return bytes;
}

/** A line that becomes a value, paid for. */
function line(machine: Machine, cursor: Cursor, limit?: number): string {
  const text = cursor.line(limit);
  machine.spend(COST.text + COST.character * text.length);
  return text;
}

const number = (value: (cursor: Cursor) => number): Step => {
  return (m, c) => {
    m.spend(COST.number);
    m.push(value(c));
  };
};

const text = (length: (cursor: Cursor) => number): Step => {
  return (m, c) => m.push(utf8(taken(m, c, length(c))));
};

const string = (length: (cursor: Cursor) => number): Step => {
  return (m, c) => m.push(text2(taken(m, c, length(c))));
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
  m.emptyDict();
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
const OPCODES: ReadonlyMap<number, Step> = new Map<number, Step>([
  // PROTO, FRAME
  [0x80, (_, c) => void c.take(1)],
  [0x95, (_, c) => void c.take(8)],
  // NONE, NEWTRUE, NEWFALSE
  [0x4e, (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  // BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT; INT, LONG, FLOAT
  [0x4a, number((c) => i32(c.take(4), 0))],
  [0x4b, (m, c) => m.push(c.byte())],
  [0x4d, (m, c) => m.push(u16(c.take(2), 0))],
  [0x8a, (m, c) => m.push(integer(taken(m, c, c.byte())))],
  [0x8b, (m, c) => m.push(integer(taken(m, c, u32(c))))],
  [0x47, number((c) => doubleBE(c.take(8)))],
  [0x49, (m, c) => m.push(decimal(line(m, c)))],
  [0x4c, (m, c) => m.push(decimal(line(m, c, MAX_LINE)))],
  [0x46, number((c) => Number(c.line()))],
  // BINUNICODE, SHORT_BINUNICODE, BINUNICODE8, BINSTRING, SHORT_BINSTRING; UNICODE, STRING
  [0x58, text(u32)],
  [0x8c, text((c) => c.byte())],
  [0x8d, text(u64)],
  [0x54, string(u32)],
  [0x55, string((c) => c.byte())],
  [0x56, (m, c) => m.push(rawUnicode(line(m, c, MAX_LINE)))],
  [0x53, (m, c) => m.push(quoted(line(m, c, MAX_LINE)))],
  // SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8
  [0x43, bytes((c) => c.byte())],
  [0x42, bytes(u32)],
  [0x8e, bytes(u64)],
  [0x96, bytes(u64)],
  // MARK, POP, POP_MARK, DUP
  [0x28, (m) => m.mark()],
  [0x30, (m) => m.drop()],
  [0x31, (m) => m.dropMark()],
  [0x32, (m) => m.duplicate()],
  // TUPLE, EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3
  [0x74, (m) => m.push(m.popMark())],
  [0x29, (m) => m.tuple(0)],
  [0x85, (m) => m.tuple(1)],
  [0x86, (m) => m.tuple(2)],
  [0x87, (m) => m.tuple(3)],
  // EMPTY_LIST, LIST, APPEND, APPENDS
  [0x5d, (m) => m.emptyList()],
  [0x6c, (m) => m.push(m.popMark())],
  [0x61, (m) => m.append([m.pop()])],
  [0x65, (m) => m.append(m.popMark())],
  // EMPTY_DICT, DICT, SETITEM, SETITEMS
  [0x7d, (m) => m.emptyDict()],
  [0x64, dictOf],
  [0x73, setItem],
  [0x75, (m) => m.setItems(m.popMark())],
  // EMPTY_SET, FROZENSET, ADDITEMS
  [0x8f, (m) => m.push(SET)],
  [
    0x91,
    (m) => {
      m.dropMark();
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
 * @param budget - What the pickles of the file may take in all.
 * @returns its value, each storage that it refers to, and the keys of those of unknown classes.
 * @throws {CheckpointError} `unsupported`, `corrupt` or `truncated`.
 */
export function unpickle(
  cursor: Cursor,
  budget: Budget,
): { value: unknown; storages: StorageRef[]; unread: ReadonlySet<string> } {
  const machine = new Machine(cursor, budget);
  const value = machine.run(OPCODES);
  return { value, storages: machine.storages, unread: machine.unread };
}
