import { readFileSync } from "node:fs";
import { join } from "node:path";
import { shared, unlessShared } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { type Checkpoint, readCheckpoint, writePth } from "../src/index.ts";
import { expectTensors, fixture } from "./helpers/expected.ts";
import { temporaryFile, temporaryFolder } from "./helpers/temporary.ts";
import { floats, legacyFile, safetensorsFile, torchZip } from "./support/files.ts";
import {
  type Code,
  call,
  code,
  dict,
  global,
  int,
  ordered,
  pickle,
  storage,
  str,
  tensor,
  tuple,
} from "./support/pickle.ts";
import { zipFile } from "./support/zip.ts";

const storages = [floats("0", [1, 2]), floats("1", [3])];
const x = tensor(storage("Float", "0", 2), 0, [2], [1]);
const y = tensor(storage("Float", "1", 1), 0, [1], [1]);

const values = (state: Checkpoint) => Object.fromEntries([...state].map(([name, { data }]) => [name, [...data]]));

/** What both formats give. */
async function read(root: Code, part?: string): Promise<Record<string, (number | bigint)[]>> {
  const options = part === undefined ? {} : { part };
  // PyTorch writes, and in files of 2018 lists, those that the pickle refers to.
  const used = storages.filter(({ key }) => root.includes(str(key)));
  const [zip, legacy] = await Promise.all(
    [torchZip, legacyFile].map(async (write) =>
      values(await readCheckpoint(temporaryFile(write(root, used)), options)),
    ),
  );
  expect(zip).toEqual(legacy);
  return zip!;
}

const entries = (...names: string[]) => ordered(...names.map((name): [Code, Code] => [str(name), x]));

describe.skipIf(!shared("cases/checkpoints"))(`checkpoints of the kinds that users bring${unlessShared}`, () => {
  const folder = "cases/checkpoints";
  const expected: Record<string, { shape: number[]; values: number[] }> = shared(folder)
    ? JSON.parse(readFileSync(shared(`${folder}/expected.json`)!, "utf8"))
    : {};

  it.each([
    ...["device", "counter", "bytes", "numpy_scalar", "namespace", "bigint", "set", "tensor_attribute", "uint16"],
    ...["wrapper_model_state", "wrapper_nested", "wrapper_net", "wrapper_params_ema", "wrapper_weights"],
    ...["prefix_compile", "prefix_dp_compile", "prefix_model", "prefix_net", "big_endian"],
  ])("%s gives exactly its tensors", async (name) => {
    const state = await readCheckpoint(shared(`${folder}/${name}.pth`)!);
    expect([...state.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [key, { shape, values }] of Object.entries(expected)) {
      expect(state.get(key)!.shape).toEqual(shape);
      expect([...state.get(key)!.data].map(Number)).toEqual(values);
    }
  });

  it("whole_module gives each half by its name, the decoder's values doubled", async () => {
    const path = shared(`${folder}/whole_module.pth`)!;
    for (const [part, factor] of [
      ["encoder", 1],
      ["decoder", 2],
    ] as const) {
      const state = await readCheckpoint(path, { part });
      expect([...state.keys()].sort()).toEqual(Object.keys(expected).sort());
      for (const [key, { values }] of Object.entries(expected)) {
        expect([...state.get(key)!.data].map(Number)).toEqual(values.map((value) => Math.fround(value * factor)));
      }
    }
  });
});

describe("values of other kinds beside tensors", () => {
  it.each(["zip", "protocol5", "legacy", "protocol1"])(
    "are passed over in what PyTorch writes as %s, and told by name",
    async (kind) => {
      const state = await readCheckpoint(fixture(`torch-objects-${kind}.pth`));
      expectTensors(state, JSON.parse(readFileSync(fixture("objects.json"), "utf8")));
      expect(state.skipped.get("also.args")).toBe("argparse.Namespace");
      expect(state.skipped.get("also.object")).toBe("mine.Config");
      expect(state.skipped.get("also.quantized")).toBe("torch._utils._rebuild_qtensor");
      expect(state.skipped.get("also.module")).toBe("torch.nn.modules.conv.Conv2d");
    },
  );

  it.each<[string, Code]>([
    ["INT, LONG, FLOAT", code("I5\n0I01\n0L123L\n0L-1L\n0F1.5\nF-inf\n00N")],
    ["an integer of many digits", code(`L${"9".repeat(9999)}L\n`)],
    ["STRING and UNICODE", code("S'a\\x00\\'b'\n0Va\\u1234\n")],
    ["LIST, DICT, a tuple and a mark dropped", code("(I1\nl0(S'a'\nI1\nd0(I1\nt0(0(I1\n1N")],
    ["PUT, GET, DUP", code("]p700\n0g700\n20")],
    ["INST and OBJ", code("(I1\nimine\nThing\n0(", global("mine", "Thing"), "I1\no}b")],
    [
      "NEWOBJ, NEWOBJ_EX and SETITEMS, APPENDS, ADDITEMS on what came of them",
      code(
        global("mine", "Dict"),
        ")\x81(",
        str("a"),
        int(1),
        "u0",
        global("mine", "List"),
        ")}\x92(",
        int(1),
        "e",
        int(1),
        "a(",
        int(1),
        "\x90}b",
      ),
    ],
    [
      "bytes and sets",
      code(
        "C\x01aB\x01\0\0\0a0\x8e\x01\0\0\0\0\0\0\0a0\x96\x01\0\0\0\0\0\0\0a00\x8f(",
        int(1),
        "\x90(",
        int(2),
        "\x910",
      ),
    ],
    ["LONG4", code("\x8b\x02\0\0\0\x01\x02")],
    [
      "a call of what a call gave, with what another gave",
      code(global("a", "b"), ")R", global("c", "d"), "R", global("e", "f"), "R"),
    ],
  ])("are passed over as protocols 0 to 5 write them: %s", async (_, value) => {
    expect(await read(ordered([str("x"), x], [str("other"), value], [str("y"), y]))).toEqual({ x: [1, 2], y: [3] });
  });

  it("pollute no prototype", async () => {
    const root = ordered(
      [str("__proto__"), x],
      [str("constructor"), dict([str("prototype"), dict([str("polluted"), y])])],
      [str("x"), x],
    );
    const state = await readCheckpoint(temporaryFile(torchZip(root, storages)));
    expect([...state.keys()]).toEqual(["__proto__", "x"]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("are passed over in safetensors, where a type is not known", async () => {
    const header = {
      a: { dtype: "F8_E4M3", shape: [4], data_offsets: [0, 4] },
      b: { dtype: "U16", shape: [2], data_offsets: [4, 8] },
    };
    const state = await readCheckpoint(
      temporaryFile(safetensorsFile(header, Uint8Array.of(0, 0, 0, 0, 1, 0, 255, 255))),
    );
    expect(values(state)).toEqual({ b: [1, 65535] });
    expect([...state.skipped]).toEqual([["a", "F8_E4M3"]]);
  });
});

describe("tensors", () => {
  it("of truth values are 0 and 1, whatever byte stands for true", async () => {
    const header = { a: { dtype: "BOOL", shape: [4], data_offsets: [0, 4] } };
    const bytes = Uint8Array.of(7, 0, 1, 255);
    expect(values(await readCheckpoint(temporaryFile(safetensorsFile(header, bytes))))).toEqual({ a: [1, 0, 1, 1] });
    const root = ordered([str("a"), tensor(storage("Bool", "0", 4), 0, [4], [1])]);
    const state = await readCheckpoint(temporaryFile(torchZip(root, [{ key: "0", count: 4, bytes }])));
    expect(values(state)).toEqual({ a: [1, 0, 1, 1] });
  });

  it("of safetensors come in the order of their bytes, numbers among the names too", async () => {
    const entry = (at: number) => ({ dtype: "U8", shape: [1], data_offsets: [at, at + 1] });
    const header = `{"b":${JSON.stringify(entry(0))},"7":${JSON.stringify(entry(1))},"a":${JSON.stringify(entry(2))}}`;
    const state = await readCheckpoint(temporaryFile(safetensorsFile(header, Uint8Array.of(5, 6, 7))));
    expect([...state].map(([name, { data }]) => [name, ...data])).toEqual([
      ["b", 5],
      ["7", 6],
      ["a", 7],
    ]);
  });

  it("of one name in a pickle's dict: the last one is it", async () => {
    expect(await read(dict([str("a"), x], [str("a"), y]))).toEqual({ a: [3] });
  });

  it("of a parameter with a state, of a subclass, of another one's arguments", async () => {
    const withState = call(global("torch._utils", "_rebuild_parameter_with_state"), x, code("\x88"), dict(), dict());
    const none = code("N");
    const ofType = (name: string) =>
      call(
        global("torch._tensor", name),
        global("torch._utils", "_rebuild_parameter"),
        global("mine", "Tensor"),
        tuple(x, code("\x88"), none),
        dict([str("note"), int(1)]),
      );
    const root = ordered(
      [str("a"), withState],
      [str("b"), ofType("_rebuild_from_type_v2")],
      [str("c"), ofType("_rebuild_from_type")],
    );
    expect(await read(root)).toEqual({ a: [1, 2], b: [1, 2], c: [1, 2] });
  });

  it("whose sign PyTorch turns around when they are read, as in the imaginary part of a conjugate", async () => {
    const lazy = (flag: string) => {
      const hooks = call(global("collections", "OrderedDict"));
      const args = [storage("Float", "0", 2), int(0), tuple(int(2)), tuple(int(1)), code("\x89"), hooks];
      return call(global("torch._utils", "_rebuild_tensor_v2"), ...args, dict([str(flag), code("\x88")]));
    };
    // Conjugates of real numbers are those numbers.
    expect(await read(ordered([str("a"), lazy("neg")], [str("b"), lazy("conj")], [str("c"), x]))).toEqual({
      a: [-1, -2],
      b: [1, 2],
      c: [1, 2],
    });
  });

  it("of a machine of the other order of bytes: turned around in a zip file, as they are in a file of 2018", async () => {
    const bytes = Buffer.from(storages[0]!.bytes).swap32();
    const zip = zipFile([
      { name: "a/data.pkl", contents: pickle(entries("x", "tied")) },
      { name: "a/byteorder", contents: Buffer.from("big") },
      { name: "a/data/0", contents: bytes },
    ]);
    expect(values(await readCheckpoint(temporaryFile(zip)))).toEqual({ x: [1, 2], tied: [1, 2] });
    // PyTorch writes and reads these little-endian everywhere.
    const legacy = legacyFile(entries("x"), storages.slice(0, 1), dict([str("little_endian"), code("\x89")]));
    expect(values(await readCheckpoint(temporaryFile(legacy)))).toEqual({ x: [1, 2] });
  });

  it("of one storage in two types, which a legacy file counts in the first", async () => {
    const bits = tensor(storage("Int", "0", 2), 0, [2], [1]);
    expect(await read(ordered([str("x"), x], [str("bits"), bits]))).toEqual({
      x: [1, 2],
      bits: [0x3f800000, 0x40000000],
    });
  });
});

it("tensors of the types without a storage class of their own are written as PyTorch writes them", async () => {
  const objects = await readCheckpoint(fixture("torch-objects-zip.pth"));
  const path = join(temporaryFolder(), "x.pth");
  await writePth(path, objects);
  expectTensors(await readCheckpoint(path), JSON.parse(readFileSync(fixture("objects.json"), "utf8")));
  const bytes = readFileSync(path);
  expect(bytes.includes("_rebuild_tensor_v3")).toBe(true);
  expect(bytes.includes("ctorch.storage\nUntypedStorage\n")).toBe(true);
});

describe("a state dict is found", () => {
  it("under any of the names that training scripts give it, in one another, beside other things", async () => {
    const names = [
      "state_dict",
      "model_state_dict",
      "model",
      "model_state",
      "net",
      "weights",
      "params",
      "params_ema",
      "ema",
      "checkpoint",
    ];
    for (const outer of names) {
      for (const inner of ["net", "anything"]) {
        const root = dict(
          [str("epoch"), int(3)],
          [str("best"), y],
          [str(outer), dict([str("iter"), int(1)], [str(inner), entries("conv.weight")])],
          [str("optimizer"), dict([str("state"), dict([int(0), dict([str("momentum"), y])])])],
        );
        expect(await read(root)).toEqual({ "conv.weight": [1, 2] });
      }
    }
  });

  it("as the weights themselves, not their average", async () => {
    const average = ordered([str("a"), y]);
    expect(await read(dict([str("params_ema"), average], [str("params"), entries("a")]))).toEqual({ a: [1, 2] });
    expect(await read(dict([str("model_ema"), average], [str("model"), entries("a")]))).toEqual({ a: [1, 2] });
  });

  it("where the network is, whatever stands under the usual names or is an optimizer's", async () => {
    const network = entries("a.b", "c.d");
    const numbers = dict([str("temperature"), y]);
    // Names of both are kept where either could be the network.
    expect(await read(dict([str("model"), numbers], [str("backbone"), network]))).toEqual({
      "model.temperature": [3],
      "backbone.a.b": [1, 2],
      "backbone.c.d": [1, 2],
    });
    expect(await read(dict([str("model"), network], [str("extra"), numbers]))).toEqual({
      "a.b": [1, 2],
      "c.d": [1, 2],
    });
    const flat = ordered([str("a.b"), x], [str("c.d"), x], [str("model"), numbers]);
    expect(await read(flat)).toEqual({ "a.b": [1, 2], "c.d": [1, 2] });
    const momenta = ordered([str("a.b"), y], [str("c.d"), y]);
    for (const optimizer of ["optim", "optimizer", "optimizer_state_dict", "opt_state"])
      expect(await read(dict([str(optimizer), momenta], [str("app"), network]))).toEqual({
        "a.b": [1, 2],
        "c.d": [1, 2],
      });
  });

  it("as each of two copies, with its own name before it", async () => {
    const [one, other] = [entries("a.b"), ordered([str("a.b"), y])];
    for (const [first, second] of [
      ["model_old", "model_new"],
      ["best_state", "last_state"],
      ["model", "net"],
      ["state_dict", "best_state"],
    ] as const) {
      expect(await read(dict([str(first), one], [str(second), other]))).toEqual({
        [`${first}.a.b`]: [1, 2],
        [`${second}.a.b`]: [3],
      });
    }
    for (const average of ["teacher", "ema", "model_ema", "swa_state"])
      expect(await read(dict([str(average), other], [str("student"), one]))).toEqual({ "a.b": [1, 2] });
  });

  it("in a dict of networks, and where it lies in itself", async () => {
    const networks = dict(
      [str("encoder"), entries("module.a.b")],
      [str("decoder"), ordered([str("c"), y])],
      [str("rng"), y],
    );
    expect(await read(networks)).toEqual({ rng: [3], "encoder.a.b": [1, 2], "decoder.c": [3] });
    expect(await read(networks, "decoder")).toEqual({ c: [3] });
    expect(await read(code("}q\x05", "(", str("model"), "h\x05", str("a"), x, "u"))).toEqual({ a: [1, 2] });
  });
});

describe("names are what they are in the network itself", () => {
  it.each([
    ["module._orig_mod.", ""],
    ["_orig_mod.module.", ""],
    ["net.model.module.", ""],
    ["model.encoder.module._orig_mod.", "encoder."],
    ["module.encoder.", "encoder."],
    ["encoder.module.", "encoder."],
    ["backbone.", "backbone."],
  ])("%s becomes %s", async (prefix, short) => {
    const names = ["conv1.weight", "layer1._orig_mod.0.bn1.bias", "model.0.weight"];
    const plain = ["conv1.weight", "layer1.0.bn1.bias", "model.0.weight"];
    expect(Object.keys(await read(entries(...names.map((name) => prefix + name))))).toEqual(
      plain.map((name) => short + name),
    );
  });

  it("whatever a training script keeps beside it", async () => {
    const root = entries(
      "module.encoder.a.b",
      "module.decoder.c",
      "module.crit.weight",
      "ema.encoder.a.b",
      "n_averaged",
    );
    expect(Object.keys(await read(root))).toEqual([
      "encoder.a.b",
      "decoder.c",
      "crit.weight",
      "ema.encoder.a.b",
      "n_averaged",
    ]);
    expect(Object.keys(await read(root, "encoder"))).toEqual(["a.b"]);
    expect(Object.keys(await read(entries("a.b", "c"), "encoder"))).toEqual(["a.b", "c"]);
  });

  it("hundreds of times, as far as each name has it", async () => {
    const deep = "net.module.".repeat(90);
    const optional = code("cmine\nThing\n");
    const root = ordered(
      ...[[str(`encoder.${deep}a`), x] as [Code, Code], [str(`encoder.${deep}module.b`), x] as [Code, Code]],
      ...[[str("encoder.module.module.c"), optional] as [Code, Code], [str("decoder.net.d"), y] as [Code, Code]],
    );
    const state = await readCheckpoint(temporaryFile(torchZip(root, storages)));
    expect([...state.keys()]).toEqual(["encoder.a", "encoder.module.b", "decoder.d"]);
    expect([...state.skipped]).toEqual([["encoder.c", "mine.Thing"]]);
  });

  it("but where two would become one", async () => {
    expect(Object.keys(await read(entries("a._orig_mod.b", "a.b", "c")))).toEqual(["a._orig_mod.b", "a.b", "c"]);
  });
});

it("a pickle whose lists or dicts hold themselves, or each other many times, ends in one line", async () => {
  const shared9 = Array.from({ length: 40 }, (_, i) =>
    code(`](h${String.fromCharCode(i)}h${String.fromCharCode(i)}eq${String.fromCharCode(i + 1)}0`),
  );
  const lists = code("]q\0", "0", ...shared9, `}h${String.fromCharCode(40)}`, int(1), "s");
  await expect(readCheckpoint(temporaryFile(torchZip(lists, storages)))).rejects.toMatchObject({ code: "unsupported" });
  const both = (i: number) => [
    str("a"),
    code(`h${String.fromCharCode(i)}`),
    str("b"),
    code(`h${String.fromCharCode(i)}`),
  ];
  const dicts = Array.from({ length: 40 }, (_, i) => code("}(", ...both(i), `uq${String.fromCharCode(i + 1)}`));
  const root = code("}(", str("x"), x, "uq\0", ...dicts);
  await expect(readCheckpoint(temporaryFile(torchZip(root, storages)))).rejects.toMatchObject({ code: "unsupported" });
  const wide = code("}(", ...Array.from({ length: 400 }, (_, i) => code(str(`a${i}`), x)), "uq\0");
  const wider = code("}(", ...Array.from({ length: 400 }, (_, i) => code(str(`a${i}`), "h\0")), "u");
  await expect(readCheckpoint(temporaryFile(torchZip(code(wide, "0", wider), storages)))).rejects.toMatchObject({
    code: "unsupported",
  });
});
