import { NASTY_TEXTS } from "../src/mutate-text.ts";
import type { Random } from "../src/random.ts";
import {
  all,
  call,
  dict,
  global,
  integer,
  keep,
  list,
  op,
  type Part,
  recall,
  TENSOR_PARTS,
  type TensorParts,
  tensor,
  text,
  tuple,
} from "./pickle.ts";

/** Globals that are known, and those that a state dict has no use for. */
const GLOBALS: readonly (readonly [string, string])[] = [
  ["collections", "OrderedDict"],
  ["collections", "defaultdict"],
  ["torch._utils", "_rebuild_tensor_v2"],
  ["torch._utils", "_rebuild_tensor_v3"],
  ["torch._utils", "_rebuild_parameter"],
  ["torch._tensor", "_rebuild_from_type_v2"],
  ["torch", "FloatStorage"],
  ["torch", "HalfStorage"],
  ["torch", "Size"],
  ["torch", "float32"],
  ["torch.storage", "UntypedStorage"],
  ["os", "system"],
  ["builtins", "eval"],
  ["__main__", "Evil\u001b[2J"],
  ["copyreg", "_reconstructor"],
  ["", ""],
  ["__proto__", "constructor"],
];

const someGlobal = (random: Random) => global(...random.pick(GLOBALS));

/** Values by which readers have been hurt: few bytes that stand for much, or for something that cannot be printed. */
export const HOSTILE_VALUES: readonly (readonly [string, (random: Random) => Part])[] = [
  ["shared tuples", (random) => shared(random.between(20, 400), random.pick(["t", "l", "d"]))],
  ["nested containers", (random) => nested(random.size(200_000), random.pick(["\x85", "]a", "}s"]))],
  ["empty containers", (random) => many(random.pick(["]", "}", ")"]), random.size(60_000))],
  ["containers in a dict", (random) => manyItems(random.size(20_000))],
  ["itself", () => all(op("]"), keep(900_000), recall(900_000), op("a"))],
  ["a dict of itself", () => all(op("}"), keep(900_001), text("a"), recall(900_001), op("s"))],
  ["a long text", (random) => text("x".repeat(random.size(200_000)))],
  ["a nasty text", (random) => text(random.pick(NASTY_TEXTS))],
  ["a long line", (random) => Buffer.from(`V${"\\u001b".repeat(random.size(10_000))}\n`)],
  ["a large integer", (random) => largeInteger(random)],
  ["digits", (random) => Buffer.from(`L${"9".repeat(random.size(60_000))}L\n`)],
  ["a float", (random) => Buffer.from(`F${random.pick(["nan", "inf", "-1e999", "1e308", "0x1", ""])}\n`)],
  ["a negative number", (random) => integer(-random.below(2 ** 31))],
  ["a large number", (random) => integer(random.pick([2 ** 31, 2 ** 53, 2 ** 53 - 1, 2 ** 62, 2 ** 32 + 1]))],
  ["None", () => op("N")],
  ["True", () => op("\x88")],
  ["bytes", (random) => all(Buffer.from([0x43, 200]), random.bytes(200))],
  ["a global", someGlobal],
  ["a call", (random) => call(someGlobal(random), ...Array.from({ length: random.below(8) }, () => someValue(random)))],
  ["an object", (random) => all(someGlobal(random), op(")\x81}"), text("a"), integer(1), op("sb"))],
  ["a tensor", (random) => hostileTensor(random)],
  [
    "a dict of tensors",
    (random) => dict(...Array.from({ length: random.size(30) }, (_, i) => [text(`w.${i}`), tensor("0")]).flat()),
  ],
  [
    "memo",
    (random) =>
      all(...Array.from({ length: random.size(5000) }, (_, i) => all(op("]"), keep(i * 1000), op("0"))), op("N")),
  ],
];

/** One of them. */
export function hostileValue(random: Random): readonly [kind: string, part: Part] {
  const [kind, make] = random.pick(HOSTILE_VALUES);
  return [kind, make(random)];
}

const someValue = (random: Random): Part =>
  random.pick<() => Part>([
    () => integer(random.below(1000)),
    () => text(random.pick(NASTY_TEXTS)),
    () => op(random.pick([")", "]", "}", "N", "\x88"])),
    () => tuple(integer(2), integer(3)),
    () => list(integer(1)),
    () => someGlobal(random),
    () => tensor("0"),
  ])();

/** A tensor of which some parts are hostile, or another's. */
export function hostileTensor(random: Random): Part {
  const parts: TensorParts = {};
  for (let i = random.between(1, 2); i > 0; i--) {
    const sizes = () =>
      Array.from({ length: random.below(40) }, () => integer(random.pick([0, 1, 2, 3, 65536, 2 ** 31, 2 ** 40])));
    parts[random.pick(TENSOR_PARTS)] = random.pick([
      () => someValue(random),
      () => tuple(...sizes()),
      () => hostileScalar(random),
    ])();
  }
  return tensor("0", parts);
}

const hostileScalar = (random: Random): Part =>
  random.pick([
    () => integer(random.pick([-1, 2 ** 31, 2 ** 53, 7])),
    () => largeInteger(random),
    () => text(random.pick(NASTY_TEXTS)),
  ])();

/** Each holds the one before twice: text of it doubles with each. */
function shared(depth: number, kind: "t" | "l" | "d"): Part {
  const parts: Part[] = [kind === "d" ? op("N") : op("]"), keep(0)];
  for (let i = 1; i <= depth; i++) {
    const [a, b] = [recall(i - 1), recall(i - 1)];
    const made = kind === "t" ? tuple(a, b) : kind === "l" ? list(a, b) : dict(text("a"), a, text("b"), b);
    parts.push(op("0"), made, keep(i));
  }
  return all(...parts);
}

function nested(depth: number, step: string): Part {
  if (step === "\x85") return all(op("N"), op("\x85".repeat(depth)));
  // Lists and dicts are filled from within: all of them are there first.
  if (step === "]a") return all(op("]".repeat(depth)), op("a".repeat(Math.max(0, depth - 1))));
  return all(op("}N".repeat(depth)), op("}"), op("s".repeat(depth)));
}

const many = (opcode: string, count: number): Part => all(op("]("), op(opcode.repeat(count)), op("e"));

const manyItems = (count: number): Part =>
  all(op("}("), ...Array.from({ length: count }, (_, i) => all(integer(i), op("}"))), op("u"));

function largeInteger(random: Random): Part {
  const length = random.size(50_000);
  const head = Buffer.alloc(5, 0x8b);
  head.writeUInt32LE(length, 1);
  return length < 256 && random.oneIn(2)
    ? all(Buffer.from([0x8a, length]), random.bytes(length))
    : all(head, Buffer.alloc(length, random.below(256)));
}

/** A program of the pickle machine, of opcodes that mostly find on the stack what they take. */
export function assembled(random: Random, length: number): Part {
  const parts: Part[] = [];
  const marks: number[] = [];
  let depth = 0;
  let memo = 0;
  const floor = () => marks.at(-1) ?? 0;
  for (let i = 0; i < length; i++) {
    const isWild = random.oneIn(60);
    const has = (n: number) => isWild || depth - floor() >= n;
    const take = random.below(100);
    if (take < 30) {
      parts.push(random.oneIn(12) ? smallHostile(random) : someValue(random));
      depth++;
    } else if (take < 40) {
      parts.push(op("("));
      marks.push(depth);
    } else if (take < 55 && (marks.length > 0 || isWild)) {
      const opcode = random.pick([..."tldeu1oa\x90\x91"]);
      parts.push(op(opcode));
      depth = floor();
      marks.pop();
      if ("tldo\x91".includes(opcode)) depth++;
    } else if (take < 62 && has(1)) {
      parts.push(op(random.pick(["\x85", "2", "0", "Q", "\x94"])));
      if (parts.at(-1)!.toString("latin1") === "2") depth++;
      if (parts.at(-1)!.toString("latin1") === "0") depth--;
    } else if (take < 75 && has(2)) {
      parts.push(op(random.pick(["R", "\x81", "b", "a", "\x93", "\x86"])));
      depth--;
    } else if (take < 80 && has(3)) {
      parts.push(op(random.pick(["s", "\x87", "\x92"])));
      depth -= 2;
    } else if (take < 90 && has(1)) parts.push(keep(memo++));
    else if (memo > 0 || isWild) {
      parts.push(recall(random.below(memo + (isWild ? 2 : 0))));
      depth++;
    }
  }
  return all(...parts);
}

const smallHostile = (random: Random): Part =>
  random.pick([
    () => shared(random.between(2, 60), "t"),
    () => nested(random.size(300), "\x85"),
    () => hostileTensor(random),
  ])();
