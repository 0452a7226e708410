/** A part of a pickle: the opcodes that put one value on the stack. */
export type Part = Buffer;

const latin1 = (text: string) => Buffer.from(text, "latin1");
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

/** Opcodes without arguments, by their characters. */
export const op = (characters: string): Part => latin1(characters);
/** Parts one after another. */
export const all = (...parts: readonly Part[]): Part => Buffer.concat(parts);
/** GLOBAL. */
export const global = (module: string, name: string): Part => Buffer.from(`c${module}\n${name}\n`);
/** BINUNICODE. */
export const text = (value: string): Part => {
  const bytes = Buffer.from(value);
  return all(op("X"), u32(bytes.length), bytes);
};
/** BININT, or LONG1 where it does not fit. */
export function integer(value: number): Part {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return all(op("J"), bytes);
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(Math.round(value))));
  return all(op("\x8a\x08"), bytes);
}
/** A tuple. */
export const tuple = (...items: readonly Part[]): Part => all(op("("), ...items, op("t"));
/** A list. */
export const list = (...items: readonly Part[]): Part => all(op("]("), ...items, op("e"));
/** A dict, of keys and values by turns. */
export const dict = (...items: readonly Part[]): Part => all(op("}("), ...items, op("u"));
/** A call. */
export const call = (callee: Part, ...args: readonly Part[]): Part => all(callee, tuple(...args), op("R"));
/** LONG_BINPUT and LONG_BINGET: keeps the value on top, and puts it there again. */
export const keep = (index: number): Part => all(op("r"), u32(index));
export const recall = (index: number): Part => all(op("j"), u32(index));
/** A whole pickle of protocol 2. */
export const pickle = (...parts: readonly Part[]): Buffer => all(op("\x80\x02"), ...parts, op("."));

/** A tensor's parts; what is left out is that of float32 `[2, 3]` over the whole storage. */
export interface TensorParts {
  type?: Part;
  key?: Part;
  location?: Part;
  count?: Part;
  id?: Part;
  offset?: Part;
  shape?: Part;
  strides?: Part;
  gradient?: Part;
  hooks?: Part;
  metadata?: Part;
}

/** The names of a tensor's parts. */
export const TENSOR_PARTS = [
  ...([
    "type",
    "key",
    "location",
    "count",
    "id",
    "offset",
    "shape",
    "strides",
    "gradient",
    "hooks",
    "metadata",
  ] as const),
];

/** A tensor of a state dict, as `torch.save` writes it. */
export function tensor(key: string, parts: TensorParts = {}): Part {
  const storage = all(
    parts.id ??
      tuple(
        text("storage"),
        parts.type ?? global("torch", "FloatStorage"),
        parts.key ?? text(key),
        parts.location ?? text("cpu"),
        parts.count ?? integer(6),
      ),
    op("Q"),
  );
  const six = [storage, parts.offset ?? integer(0), parts.shape ?? tuple(integer(2), integer(3))];
  six.push(parts.strides ?? tuple(integer(3), integer(1)), parts.gradient ?? op("\x89"), parts.hooks ?? ORDERED);
  if (parts.metadata) six.push(parts.metadata);
  return call(global("torch._utils", "_rebuild_tensor_v2"), ...six);
}

/** An empty OrderedDict. */
const ORDERED: Part = call(global("collections", "OrderedDict"));
