import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CheckpointError, type CheckpointErrorCode, readCheckpoint } from "../src/index.ts";
import { fixture } from "./helpers/expected.ts";
import { temporaryFile, temporaryFolder } from "./helpers/temporary.ts";
import { floats, legacyFile, safetensorsFile, torchZip } from "./support/files.ts";
import {
  call,
  code,
  dict,
  global,
  int,
  list,
  none,
  ordered,
  pickle,
  storage,
  str,
  tensor,
  tuple,
} from "./support/pickle.ts";
import { zipFile } from "./support/zip.ts";

async function expectError(path: string, expected: CheckpointErrorCode, text: string | RegExp): Promise<void> {
  const error = await readCheckpoint(path).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  const { code, message, data } = error as CheckpointError;
  expect(data.file).toBe(path);
  expect(message).toMatch(text);
  expect(code).toBe(expected);
  expect(message.startsWith(`${path}: `)).toBe(true);
  expect(message).not.toContain("\n");
}

const x = tensor(storage("Float", "0", 2), 0, [2], [1]);
const storages = [floats("0", [1, 2])];
const good = ordered([str("x"), x]);
const run = (module: string, name: string) => call(global(module, name), str("touch /tmp/ran"));

describe("a file that is no checkpoint is named for what it is", () => {
  it("missing", async () => {
    await expectError(join(temporaryFolder(), "none.pth"), "not-found", "there is no such file");
    await expectError(join(temporaryFile("x"), "none.pth"), "not-found", "there is no such file");
  });

  it("a folder, or a device", async () => {
    const folder = join(temporaryFolder(), "a.pth");
    mkdirSync(folder);
    await expectError(folder, "unreadable", "it is a folder");
    await expectError("/dev/null", "unreadable", "it is a device");
  });

  it("empty", () => expectError(temporaryFile(""), "truncated", "the file is empty"));

  it.each([
    "<!DOCTYPE html><html>",
    "\ufeff\n  <html><head>",
    "<HTML>",
    '<?xml version="1.0"?><html>',
    "<!-- sign in --><html>",
  ])("the web page %s", (page) => expectError(temporaryFile(page), "html", "it is a web page (HTML)"));

  it("a git-lfs pointer", () =>
    expectError(
      temporaryFile("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"),
      "lfs-pointer",
      "git lfs pull",
    ));

  it("a tar file", () => {
    const tar = Buffer.alloc(1024);
    tar.write("ustar", 257);
    return expectError(temporaryFile(tar), "unsupported", "it is a tar file");
  });

  it("anything else", () => expectError(temporaryFile("\x89PNG\r\n\n"), "unsupported", /begins with .*PNG/));

  it("another zip file, or a TorchScript program", async () => {
    const other = zipFile([{ name: "word/document.xml", contents: Buffer.from("x") }]);
    await expectError(temporaryFile(other), "unsupported", "no data.pkl");
    const script = torchZip(good, storages, [{ name: "archive/constants.pkl", contents: Buffer.from("x") }]);
    await expectError(temporaryFile(script), "unsupported", "TorchScript");
  });

  it("another pickle", () =>
    expectError(temporaryFile(pickle(int(3))), "unsupported", "not one that torch.save wrote"));

  it("a checkpoint of other things than tensors", async () => {
    await expectError(temporaryFile(torchZip(int(3), [])), "unsupported", "it holds a single value");
    await expectError(temporaryFile(torchZip(x, storages)), "unsupported", "it holds a single value");
    const numbers = dict([str("epoch"), int(3)], [str("optimizer"), dict([int(0), x])], [int(1), x]);
    await expectError(
      temporaryFile(torchZip(numbers, storages)),
      "unsupported",
      "its keys (epoch, optimizer, the number 1)",
    );
  });

  it("a whole model in place of its state dict, bare, or under a key beside tensors", async () => {
    const network = call(global("torch.nn.modules.conv", "Conv2d"));
    const said = "refuses to run torch.nn.modules.conv.Conv2d: ask its author for torch.save(model.state_dict(), path)";
    await expectError(temporaryFile(torchZip(code(network, "}b"), storages)), "unsafe-pickle", said);
    const beside = dict([str("best"), x], [str("model"), network]);
    await expectError(temporaryFile(torchZip(beside, storages)), "unsafe-pickle", said);
    // Files of 2018 refer to the source code of a model's classes.
    const source = code(tuple(str("module"), global("mine", "Net"), str("mine.py"), str("class Net:")), "Q)R");
    await expectError(temporaryFile(legacyFile(source, storages)), "unsafe-pickle", "refuses to run mine.Net");
  });

  it("tensors of kinds that are not read, and how to save them", async () => {
    const kinds = [
      [
        call(global("torch._utils", "_rebuild_qtensor")),
        "a quantized tensor (torch._utils._rebuild_qtensor): save it as x.dequantize()",
      ],
      [tensor(storage("ComplexFloat", "0", 1), 0, [1], [1]), "a tensor of complex numbers (torch.ComplexFloatStorage)"],
      [call(global("torch._utils", "_rebuild_sparse_tensor")), "a sparse tensor (torch._utils._rebuild_sparse_tensor)"],
    ] as const;
    for (const [value, said] of kinds) {
      await expectError(
        temporaryFile(torchZip(ordered([str("x"), value]), storages)),
        "unsupported",
        `x holds ${said}`,
      );
    }
  });
});

describe("a pickle that wants to run something", () => {
  it.each([
    ["posix", "system", "os.system"],
    ["nt", "system", "os.system"],
    ["os", "system", "os.system"],
    ["builtins", "eval", "builtins.eval"],
    ["__builtin__", "getattr", "__builtin__.getattr"],
    ["argparse", "Namespace", "argparse.Namespace"],
    ["torch", "load", "torch.load"],
    ["torch._utils", "_rebuild_tensor_v9", "torch._utils._rebuild_tensor_v9"],
    ["constructor", "prototype", "constructor.prototype"],
  ])(
    "%s %s, is read without it where that is no tensor, and refused where it is all there is",
    async (module, name, said) => {
      const beside = ordered([str("x"), x], [str("y"), run(module, name)]);
      const alone = ordered([str("y"), run(module, name)]);
      for (const write of [torchZip, legacyFile]) {
        const state = await readCheckpoint(temporaryFile(write(beside, storages)));
        expect([...state].map(([key, { data }]) => [key, [...data]])).toEqual([["x", [1, 2]]]);
        expect([...state.skipped]).toEqual([["y", said]]);
        await expectError(temporaryFile(write(alone, storages)), "unsafe-pickle", `refuses to run ${said}:`);
      }
    },
  );

  it("is refused in a bare pickle, of any protocol", async () => {
    await expectError(temporaryFile(pickle(run("posix", "system"))), "unsafe-pickle", "refuses to run os.system:");
    await expectError(temporaryFile("cos\nsystem\n(S'ls'\ntR."), "unsafe-pickle", "refuses to run os.system:");
    // Python 3.11: pickle.dumps(obj) of protocol 4 whose __reduce__ gives (os.system, ("ls",)).
    const protocol4 = Buffer.from(
      "8004951d000000000000008c05706f736978948c0673797374656d9493948c026c7394859452942e",
      "hex",
    );
    await expectError(temporaryFile(protocol4), "unsafe-pickle", "refuses to run os.system:");
  });

  it("is refused where the name comes from the stack, is built in pieces, or is text that should not be printed", async () => {
    await expectError(
      temporaryFile(torchZip(code(str("os"), str("system"), "\x93"), [])),
      "unsafe-pickle",
      "os.system",
    );
    await expectError(
      temporaryFile(torchZip(code(int(1), str("system"), "\x93"), [])),
      "corrupt",
      "a global without a name",
    );
    await expectError(
      temporaryFile(torchZip(global("a\x1b[2Jb\r", "c"), [])),
      "unsafe-pickle",
      "a\\u001b[2Jb\\u000d.c",
    );
  });
});

describe("a damaged pickle is refused", () => {
  it.each([
    ["takes a value that is not there", code("R")],
    ["takes a value from below a mark", code(int(1), "(a")],
    ["closes a mark that is not open", code("t")],
    ["recalls what was never kept", code("h\x05")],
    ["appends to a dict", code("}", int(1), "a")],
    ["sets an item of a list", code("]", int(1), int(2), "s")],
    ["sets half an item", code("}(", int(1), "u")],
    ["calls a number", code(int(1), ")R")],
    ["calls an element type", code(global("torch", "float32"), ")R")],
    ["gives attributes to a list", code("]", "}b")],
    ["makes a tensor of nothing", call(global("torch._utils", "_rebuild_tensor_v2"))],
    ["makes a parameter of a number", call(global("torch._utils", "_rebuild_parameter"), int(1))],
    ["makes a dict of numbers", call(global("collections", "OrderedDict"), list(int(1)))],
    ["refers to something that is no storage", code(int(1), "Q")],
    ["refers to a storage without class", code("((", str("storage"), str("x"), "ttQ")],
    ["has a negative size", ordered([str("x"), tensor(storage("Float", "0", -1), 0, [], [])])],
    ["has a tensor of more strides than sizes", ordered([str("x"), tensor(storage("Float", "0", 2), 0, [2], [1, 1])])],
    ["has a tensor of negative strides", ordered([str("x"), tensor(storage("Float", "0", 2), 1, [2], [-1])])],
    ["has a line without end", code("c", "a".repeat(300))],
  ])("that %s", (_, root) => expectError(temporaryFile(torchZip(root, storages)), "corrupt", "get the file anew"));

  it("that uses an opcode no state dict does, of the registry of extensions", () =>
    expectError(temporaryFile(torchZip(code("\x82\x01"), [])), "unsupported", "opcode 0x82"));

  it("that holds storages of a type that is not known", async () => {
    const complex = ordered([str("x"), tensor(storage("ComplexFloat", "0", 1), 0, [1], [1])]);
    await expectError(temporaryFile(torchZip(complex, [])), "unsupported", "torch.ComplexFloatStorage");
  });
});

describe("text of protocol 0", () => {
  const named = (line: Buffer) => torchZip(code("}", line, x, "s"), storages);

  // What Python 3's pickle.loads makes of each.
  it.each([
    ["V\\\\u0041\n", "\\\\u0041"],
    ["V\\\\\\u0041\n", "\\\\A"],
    ["V\\x41\n", "\\x41"],
    ["V\\U0001F600\\\n", "\u{1f600}\\"],
    ["S'\\xff\\u12'\n", "\u00ff\\u12"],
    ["S'\\101\\7\\q\\b\\400\\\\'\n", "A\x07\\q\b\0\\"],
  ])("%j is read as Python reads it", async (line, name) => {
    expect([...(await readCheckpoint(temporaryFile(named(code(line))))).keys()]).toEqual([name]);
  });

  it.each(["V\\u12\n", "V\\U00110000\n", "V\\U0000004\n", "V\\u00zz\n", "S'\\x4'\n", "S'a\\'\n"])(
    "%j is refused, as Python refuses it",
    (line) => expectError(temporaryFile(named(code(line))), "corrupt", "an escape that is none"),
  );
});

describe("a file whose parts do not fit is refused", () => {
  const legacy = legacyFile(good, storages);
  const zip = torchZip(good, storages);

  it.each([
    ["torch-legacy.pth", 3000],
    ["torch-legacy.pth", 200],
    ["torch-zip.pth", 7000],
    ["torch-zip.pth", 40],
    ["hf.safetensors", 2600],
    ["hf.safetensors", 100],
  ])("%s, cut off after %d bytes", (name, length) =>
    expectError(temporaryFile(readFileSync(fixture(name)).subarray(0, length)), "truncated", /ends|lacks/),
  );

  it("a legacy file whose storages differ from what its pickle says", async () => {
    await expectError(temporaryFile(legacyFile(good, [floats("0", [1])])), "corrupt", "not the one announced");
    await expectError(temporaryFile(legacyFile(good, [floats("1", [1, 2])])), "corrupt", "does not fit its tensors");
    await expectError(temporaryFile(legacyFile(good, [])), "corrupt", "the elements of x are missing");
    const twoWays = ordered([str("x"), x], [str("y"), tensor(storage("Double", "0", 2), 0, [2], [1])]);
    await expectError(temporaryFile(legacyFile(twoWays, storages)), "corrupt", "one storage in two ways");
    await expectError(temporaryFile(legacyFile(good, storages).subarray(0, 15)), "truncated", "ends");
    await expectError(
      temporaryFile(Buffer.concat([legacy.subarray(0, 15), pickle(int(1000))])),
      "corrupt",
      "protocol 1000",
    );
  });

  it("a legacy file that lists a storage of which its pickle says nothing", async () => {
    const listed = legacyFile(good, [...storages, { key: "zzz", count: 0, bytes: Buffer.from("something") }]);
    await expectError(temporaryFile(listed), "corrupt", "does not fit its tensors");
    // One of an unknown class may be of any length.
    const float8 = code(
      tuple(str("storage"), global("torch", "Float8Storage"), str("zzz"), str("cpu"), int(9), none),
      "Q",
    );
    const root = ordered([str("x"), x], [str("y"), tensor(float8, 0, [9], [1])]);
    const file = legacyFile(root, [...storages, { key: "zzz", count: 9, bytes: Buffer.from("something") }]);
    expect([...(await readCheckpoint(temporaryFile(file))).keys()]).toEqual(["x"]);
  });

  it("a zip file that is damaged where nobody looks", async () => {
    const more = [{ name: "archive/data/77", contents: Buffer.from("something"), checksum: 1 }];
    await expectError(
      temporaryFile(torchZip(good, storages, more)),
      "corrupt",
      "archive/data/77 does not match its checksum",
    );
  });

  it("a zip file that lacks a storage, or has it too small", async () => {
    await expectError(temporaryFile(torchZip(good, [])), "corrupt", "the elements of x are missing");
    await expectError(temporaryFile(torchZip(good, [floats("0", [1])])), "corrupt", "the elements of x are missing");
  });

  it("a zip file whose contents fail their checksum, zero excepted, which torch.save writes on demand", async () => {
    const at = zip.indexOf("data/0") + 6;
    const damaged = Buffer.from(zip);
    damaged[at]! ^= 1;
    await expectError(temporaryFile(damaged), "corrupt", "archive/data/0 does not match its checksum");
    const unchecked = zipFile([
      { name: "a/data.pkl", contents: pickle(good), checksum: 0 },
      { name: "a/data/0", contents: storages[0]!.bytes, checksum: 0 },
    ]);
    expect([...(await readCheckpoint(temporaryFile(unchecked))).get("x")!.data]).toEqual([1, 2]);
  });

  it.each([
    ["that is no JSON", "{", 0, "corrupt"],
    ["that is a list", "[]  ", 0, "unsupported"],
    ["with a tensor that is a number", { x: 1 }, 0, "corrupt"],
    ["of an unknown type", { x: { dtype: "F8_E4M3", shape: [1], data_offsets: [0, 1] } }, 1, "unsupported"],
    ["with offsets that run backwards", { x: { dtype: "U8", shape: [1], data_offsets: [1, 0] } }, 1, "corrupt"],
    ["with more bytes than elements", { x: { dtype: "U8", shape: [1], data_offsets: [0, 2] } }, 2, "corrupt"],
    ["with more elements than bytes", { x: { dtype: "F32", shape: [2 ** 40], data_offsets: [0, 4] } }, 4, "corrupt"],
    [
      "with sizes that multiply beyond all bounds",
      { x: { dtype: "F32", shape: [2 ** 50, 2 ** 50], data_offsets: [0, 4] } },
      4,
      "corrupt",
    ],
    ["with a size that is text", { x: { dtype: "U8", shape: ["1"], data_offsets: [0, 1] } }, 1, "corrupt"],
    ["with bytes that nobody owns", { x: { dtype: "U8", shape: [1], data_offsets: [0, 1] } }, 2, "corrupt"],
    [
      "with two tensors at one place",
      { x: { dtype: "U8", shape: [1], data_offsets: [0, 1] }, y: { dtype: "U8", shape: [1], data_offsets: [0, 1] } },
      1,
      "corrupt",
    ],
    ["with fewer bytes than announced", { x: { dtype: "U8", shape: [9], data_offsets: [0, 9] } }, 8, "truncated"],
    ["with metadata that is no text", { __metadata__: { a: 1 } }, 0, "corrupt"],
  ] as const)("a safetensors header %s", (_, header, bytes, code) =>
    expectError(temporaryFile(safetensorsFile(header, new Uint8Array(bytes))), code, /anew|save it as|check which/),
  );
});
