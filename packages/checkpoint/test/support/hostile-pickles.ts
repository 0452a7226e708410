import { floats, legacyFile, torchZip } from "./files.ts";
import type { Roll } from "./mutate.ts";
import {
  type Code,
  call,
  code,
  dict,
  float,
  global,
  int,
  none,
  ordered,
  pickle,
  storage,
  str,
  tensor,
  tuple,
  u32,
} from "./pickle.ts";
import { zipFile } from "./zip.ts";

const pick = <T>(roll: Roll, items: readonly T[]): T => items[roll(items.length)]!;
const repeat = (times: number, ...parts: (string | Buffer)[]): Code => {
  const one = code(...parts);
  return Buffer.alloc(one.length * Math.max(1, Math.floor(times)), one);
};

const storages = [floats("0", [1, 2])];
const x = tensor(storage("Float", "0", 2), 0, [2], [1]);

/** The value in a file of either format, packed or not, beside a sound tensor or in place of one. */
function fileOf(roll: Roll, value: Code): Buffer {
  const root = pick(roll, [value, dict([str("x"), x], [str("y"), value]), dict([str("x"), value])]);
  switch (roll(4)) {
    case 0:
      return legacyFile(root, storages);
    case 1:
      return torchZip(root, storages);
    case 2:
      return pickle(value);
    default:
      return zipFile([
        { name: "a/data.pkl", contents: pickle(root), packed: true },
        { name: "a/data/0", contents: storages[0]!.bytes },
      ]);
  }
}

/** What takes few bytes of a file, and many of memory, again and again. */
const SMALL: readonly string[] = [
  ...[
    "}",
    "]",
    ")",
    "(",
    "(d",
    "(l",
    "(t",
    ")\x85",
    "\x8f",
    "N",
    "K\0",
    "G12345678",
    "J\xff\xff\xff\x7f",
    "}0",
    "(0",
    "2",
  ],
  ...[
    "]K\0a",
    "}K\0K\0s",
    "}(K\0K\0K\x01K\0u",
    "C\0",
    "B\0\0\0\0",
    "\x96\0\0\0\0\0\0\0\0",
    "(\x91",
    "\x8c\x01a",
    "U\x01a",
    "V\n",
    "S''\n",
  ],
  ...[
    "\x8a\xffabcdefgh",
    "I99999999999\n",
    "L123456789012345678901234L\n",
    "F1e300\n",
    "ca\nb\n",
    "(ia\nb\n",
    "q\0h\0",
    "\x94",
    "\x80\x02",
  ],
];

const small = (roll: Roll, scale: number): Code => {
  const some = Array.from({ length: 1 + roll(3) }, () => pick(roll, SMALL));
  const text = some.map((one) => (one.startsWith("\x8a\xff") ? `\x8a\xff${"z".repeat(255)}` : one)).join("");
  return code("N", repeat(scale, text));
};

/** A tuple whose text is exponential in its depth, and one as deep as its bytes. */
const laughing = (roll: Roll): Code => code(")q\x07", repeat(20 + roll(60), "h\x07h\x07\x86q\x07"));
const deep = (scale: number): Code => code(")", repeat(scale, "\x85"));
const monster = (roll: Roll, scale: number): Code => pick(roll, [laughing(roll), deep(scale), code("]q\x07h\x07a")]);

/** A tensor in which the value stands where another was expected. */
const misplaced = (roll: Roll, value: Code): Code => {
  const rebuild = pick(roll, ["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"]);
  const parts = [storage("Float", "0", 2), int(0), tuple(int(2)), tuple(int(1)), code("\x89"), none, none, none];
  const id = [str("storage"), global("torch", "FloatStorage"), str("0"), str("cpu"), int(2), none];
  const put = (items: Code[]) => {
    items[roll(items.length)] = value;
    return items;
  };
  return pick(roll, [
    () => call(global("torch._utils", rebuild), ...put(parts)),
    () => call(global("torch._utils", rebuild), code(tuple(...put(id)), "Q"), ...parts.slice(1)),
    () => call(global("torch._utils", rebuild), parts[0]!, int(0), tuple(value), tuple(int(1)), code("\x89"), none),
    () => call(global("collections", "OrderedDict"), value),
    () => call(global("collections", "defaultdict"), none, value),
    () => call(global("torch", "Size"), value),
    () => code(value, str("a"), "\x93"),
    () => code(global("torch._utils", rebuild), value, "R"),
    () => code(value, ")R"),
    () => code("}", value, "b"),
    () => code(value, "Q"),
  ])();
};

/** Numbers that a table of numbers keeps in one row: the same in their lowest or highest bits. */
const numbers = (roll: Roll, count: number): number[] => {
  const shift = roll(20);
  return Array.from({ length: count }, (_, i) => (i * 2 ** shift) % 2 ** 32);
};

const nested = (name: string, levels: number, inside: Code): Code => {
  let value = inside;
  for (let i = 0; i < levels; i++) value = dict([str(name), value], [str(`b${name}`), dict([str("x"), x])]);
  return value;
};

const damagedMemo = (roll: Roll, scale: number): Code => {
  const count = Math.min(scale, 200_000);
  const puts: ((n: number) => Code)[] = [
    (n) => code("r", u32(n)),
    (n) => code(`p${n * 1e300}\n`),
    (n) => code(`p${n + 0.5}\n`),
    (n) => code(`p-${n}\n`),
    (n) => code("pNaN\n", `p${n}\n`),
  ];
  const put = pick(roll, puts);
  return code("N", Buffer.concat(numbers(roll, count).map(put)));
};

export const hostilePickle = {
  /** Pickles that no state dict could be. */
  refused: {
    "a pickle that names memo places of its choice": (roll: Roll, scale: number) =>
      torchZip(code(damagedMemo(roll, scale), "j\xff\xff\xff\xff"), storages),
    "a pickle without an end": (roll: Roll, scale: number) => {
      const whole = pickle(small(roll, Math.min(scale, 5000))).subarray(0, -1);
      return zipFile([{ name: "a/data.pkl", contents: whole, packed: roll(2) === 0 }]);
    },
    "a pickle that something follows": (roll: Roll, scale: number) =>
      zipFile([
        { name: "a/data.pkl", contents: Buffer.concat([pickle(dict([str("x"), x])), repeat(roll(scale) + 1, "N.")]) },
        { name: "a/data/0", contents: storages[0]!.bytes },
      ]),
    "a file of 2018 of several pickles, each of which takes what one may": (roll: Roll, scale: number) => {
      const value = code("]q\0(", repeat(scale, pick(roll, ["}", "]", "\x8c\x01a", "]K\0a"])), "e");
      return legacyFile(code(value, ")\x85R"), storages, value);
    },
    "a file of 2018 that goes on after its last storage": (roll: Roll, scale: number) =>
      Buffer.concat([legacyFile(dict([str("x"), x]), storages), Buffer.alloc(1 + roll(scale))]),
    "a file of 2018 whose protocol is a tuple of itself": (roll: Roll, scale: number) =>
      Buffer.concat([pickle(code("\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19")), pickle(monster(roll, scale))]),
    "a tensor with a name of any length": (roll: Roll, scale: number) =>
      torchZip(
        dict([str(repeat(2000 + roll(scale), pick(roll, [".", "a", "module.", "encoder.module."])).toString()), x]),
        storages,
      ),
    "tensors within dicts of long names": (roll: Roll, scale: number) => {
      const inside = dict(...Array.from({ length: Math.min(scale, 3000) }, (_, i): [Code, Code] => [str(`t${i}`), x]));
      return torchZip(nested("n".repeat(Math.min(scale, 100_000)), 2 + roll(6), inside), storages);
    },
    "a view far larger than what it shows": (roll: Roll) => {
      const size = 2 ** (11 + roll(20));
      const root = dict([str("x"), tensor(storage("Float", "0", 2), 0, [size, size], [0, 0])]);
      return roll(2) ? torchZip(root, storages) : legacyFile(root, storages);
    },
    "many views that repeat one storage": () =>
      torchZip(
        ordered(
          ...Array.from({ length: 300 }, (_, i): [Code, Code] => [
            str(`x${i}`),
            tensor(storage("Float", "0", 2), 0, [2 ** 20], [0]),
          ]),
        ),
        storages,
      ),
    "sizes whose product is beyond all numbers": (roll: Roll) => {
      const huge = 0x7fffffff;
      const shape = Array.from({ length: 3 + roll(29) }, () => huge);
      return torchZip(
        dict([
          str("x"),
          tensor(
            storage("Float", "0", 2),
            0,
            shape,
            shape.map(() => roll(2)),
          ),
        ]),
        storages,
      );
    },
    "a storage's view between two elements": () => {
      const view = tuple(str("v"), int(1), int(4));
      const id = tuple(str("storage"), global("torch.storage", "UntypedStorage"), str("0"), str("cpu"), int(8), view);
      const rebuilt = call(
        global("torch._utils", "_rebuild_tensor_v3"),
        ...[code(id, "Q"), int(0), tuple(int(1)), tuple(int(1)), code("\x89"), dict(), global("torch", "float32")],
      );
      return torchZip(dict([str("x"), rebuilt]), storages);
    },
  },
  /** Pickles of which some state dicts may be a part. */
  other: {
    "small values without number": (roll: Roll, scale: number) => fileOf(roll, small(roll, scale)),
    "a tuple of itself, or of any depth": (roll: Roll, scale: number) => fileOf(roll, monster(roll, scale)),
    "a dict with such a tuple as its key": (roll: Roll, scale: number) =>
      fileOf(roll, dict([monster(roll, scale), x], [str("x"), x])),
    "such a tuple where a tensor has something else": (roll: Roll, scale: number) =>
      fileOf(roll, misplaced(roll, pick(roll, [monster(roll, scale), int(roll(9)), str("0"), none]))),
    "a dict of numbers that are chosen": (roll: Roll, scale: number) => {
      const keys = numbers(roll, Math.min(scale, 100_000));
      const wide = roll(2) === 0;
      const key = (n: number) => {
        return wide ? float(n * 1e100) : int(n);
      };
      return fileOf(roll, code("}(", Buffer.concat(keys.flatMap((n) => [key(n), none])), "u"));
    },
    "a dict of numbers in text": (roll: Roll, scale: number) => {
      const keys = numbers(roll, Math.min(scale, 100_000));
      return fileOf(roll, code("}(", Buffer.concat(keys.flatMap((n) => [str(String(n)), x])), "u"));
    },
    "views of many axes, each of another stride": (roll: Roll) => {
      const axes = 20;
      const shape = Array(axes).fill(2);
      const views = Array.from({ length: 1 + roll(40) }, (_, i): [Code, Code] => {
        const strides = shape.map((_, axis) => (axis === axes - 1 ? 0 : roll(2) && axis % 2));
        return [str(`x${i}`), tensor(storage("Float", "0", 99), 0, shape, strides)];
      });
      return torchZip(ordered(...views), [floats("0", Array(99).fill(1))]);
    },
    "names in wrappers without end": (roll: Roll, scale: number) => {
      const wrapper = pick(roll, ["net.", "module.", "net.model."]);
      const before = `${pick(roll, ["", "encoder."])}${wrapper.repeat(900 / wrapper.length)}`;
      const names = Array.from({ length: Math.min(scale, 15_000) }, (_, i): [Code, Code] => [str(`${i}`), x]);
      return torchZip(dict([str(before), dict(...names)], [str("decoder.net."), dict([str("y"), x])]), storages);
    },
    "long names of one length": (roll: Roll, scale: number) => {
      const start = "a".repeat(16_384 + roll(99));
      const names = Array.from({ length: Math.min(scale, 900) }, (_, i): [Code, Code] => [
        str(`${start}${1000 + i}`),
        none,
      ]);
      return fileOf(roll, dict(...names, [str("x"), x]));
    },
    "dicts that are in each other many times": (roll: Roll) =>
      fileOf(roll, code("}q\0", repeat(30 + roll(60), "}(X\x01\0\0\0ah\0X\x01\0\0\0bh\0uq\0"))),
  },
};
