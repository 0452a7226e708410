// Pickles by hand: each function gives the opcodes that leave one value on the stack.

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

export const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
};

export type Code = Buffer;

export const code = (...parts: (string | Buffer)[]): Code =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? bytes(part) : part)));

export const none = code("N");
const no = code("\x89");
export const int = (value: number): Code => code("J", u32(value >>> 0));
export const float = (value: number): Code => {
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value);
  return code("G", bits);
};
export const str = (text: string): Code => code("X", u32(Buffer.byteLength(text)), Buffer.from(text));
/** A string as Python 2 pickled it. */
export const str2 = (text: string): Code => code("U", Buffer.of(text.length), text);
export const tuple = (...items: Code[]): Code => (items.length ? code("(", ...items, "t") : code(")"));
export const list = (...items: Code[]): Code => code("](", ...items, "e");
export const global = (module: string, name: string): Code => code(`c${module}\n${name}\n`);
export const call = (callee: Code, ...args: Code[]): Code => code(callee, tuple(...args), "R");
export const dict = (...items: [Code, Code][]): Code => code("}(", ...items.flat(), "u");
export const ordered = (...items: [Code, Code][]): Code =>
  code(call(global("collections", "OrderedDict")), "(", ...items.flat(), "u");
export const pickle = (value: Code): Buffer => code("\x80\x02", value, ".");

export const storage = (kind: string, key: string, count: number, view: Code = none): Code =>
  code(tuple(str("storage"), global("torch", `${kind}Storage`), str(key), str("cuda:0"), int(count), view), "Q");

const ints = (values: readonly number[]): Code => tuple(...values.map(int));

export const tensor = (from: Code, offset: number, shape: readonly number[], strides: readonly number[]): Code =>
  call(
    global("torch._utils", "_rebuild_tensor_v2"),
    from,
    int(offset),
    ints(shape),
    ints(strides),
    no,
    call(global("collections", "OrderedDict")),
  );
