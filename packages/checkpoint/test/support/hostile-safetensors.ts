import { safetensorsFile } from "./files.ts";
import type { Roll } from "./mutate.ts";

const pick = <T>(roll: Roll, items: readonly T[]): T => items[roll(items.length)]!;

const deep = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const bytes = new Uint8Array(8);
const good = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';

const ILL: readonly string[] = [
  ...['["F32"]', '{"F32":1}', "null", "true", "32", '""', '"__proto__"', '"constructor"', '"\\u0000"', "[]", "{}"],
  ...[
    "-1",
    "1.5",
    "1e999",
    "9007199254740992",
    "9223372036854775808",
    "1e308",
    '"2"',
    "[[2]]",
    "[-2]",
    "[2.5]",
    '["2"]',
  ],
  ...[
    "[null]",
    "[true]",
    "[9007199254740992]",
    "[4503599627370496,4503599627370496]",
    "[8,0]",
    "[0,-8]",
    "[0,16]",
    "[1,8]",
  ],
  ...["[0]", "[0,4,8]", '["0","8"]', "[0,[8]]", "[0,1e999]", "[0,9007199254740993]"],
];

export const hostileSafetensors = {
  "a header of the wrong types": (roll: Roll) => {
    const field = pick(roll, ["dtype", "shape", "data_offsets"]);
    const fits: Record<string, string> = { dtype: '"F32"', shape: "[2]", data_offsets: "[0,8]" };
    fits[field] = pick(roll, ILL);
    const members = Object.entries(fits).map(([key, value]) => `"${key}":${value}`);
    return safetensorsFile(`{"x":{${members.join()}}}`, bytes);
  },
  "a header nested to any depth": (roll: Roll, scale: number) => {
    const value = pick(roll, [deep(scale), "[".repeat(scale), '{"a":'.repeat(scale), `[[${deep(scale)},1]]`]);
    return safetensorsFile(
      pick(roll, [
        () => `{"x":${value}}`,
        () => `{"x":{"dtype":${value},"shape":[2],"data_offsets":[0,8]}}`,
        () => `{"x":{"dtype":"F32","shape":${value},"data_offsets":[0,8]}}`,
        () => `{"x":{"dtype":"F32","shape":[2],"data_offsets":${value}}}`,
        () => `{"__metadata__":${value},"x":${good}}`,
        () => `{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":${value}}}`,
      ])(),
      bytes,
    );
  },
  "two members of one name": (roll: Roll) =>
    safetensorsFile(
      pick(roll, [
        `{"x":${good},"x":${good}}`,
        `{"x":${good},"\\u0078":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}}`,
        '{"x":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}',
        `{"__proto__":${good},"__proto__":${good}}`,
        `{"__metadata__":{"a":"b","a":"c"},"x":${good}}`,
        `{"__metadata__":{},"__metadata__":{},"x":${good}}`,
      ]),
      bytes,
    ),
  "metadata of the wrong types": (roll: Roll) =>
    safetensorsFile(
      `{"__metadata__":${pick(roll, ["1", "[]", '"a"', "null", '{"a":1}', '{"a":[]}', '{"__proto__":{"a":1}}'])},"x":${good}}`,
      bytes,
    ),
  "tensors that overlap, leave gaps or leave the file": (roll: Roll) => {
    const span = (begin: number, end: number) =>
      `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
    const spans = pick(roll, [
      [span(0, 8), span(0, 8)],
      [span(0, 5), span(4, 8)],
      [span(0, 3), span(4, 8)],
      [span(1, 8)],
      [span(0, 7)],
      [span(0, 8), span(8, 9 + roll(2 ** 30))],
    ]);
    return safetensorsFile(`{${spans.map((one, i) => `"t${i}":${one}`).join()}}`, bytes);
  },
  "a header of a length that no file has": (roll: Roll) => {
    const file = safetensorsFile(`{"x":${good}}`, bytes);
    // Above these two bytes nobody takes it for safetensors.
    file.writeUIntLE(pick(roll, [2 ** 47, 2 ** 32, 2 ** 31, 0, 1, file.length]), 0, 6);
    return file;
  },
  "text without an end": (roll: Roll, scale: number) =>
    safetensorsFile(`{"${pick(roll, ["\\", '\\"', "a", ":", "{"]).repeat(scale)}`, bytes),
  "a name of any length": (roll: Roll, scale: number) =>
    safetensorsFile(
      `{"${pick(roll, [".", "a", "module.", "encoder.module."]).repeat(2000 + roll(scale))}":${good}}`,
      bytes,
    ),
  "a header that is no UTF-8": (roll: Roll) => {
    const file = safetensorsFile(`{"xxxx":${good}}`, bytes);
    file[10 + roll(4)] = 0x80 + roll(128);
    return file;
  },
};
