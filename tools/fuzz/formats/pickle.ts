import { assembled, HOSTILE_VALUES, hostileTensor, hostileValue } from "../build/hostile-pickle.ts";
import { all, dict, op, type Part, pickle, TENSOR_PARTS, tensor, text } from "../build/pickle.ts";
import { zip } from "../build/zip.ts";
import { build, type Format, type Fuzzer } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import type { Random } from "../src/random.ts";
import { entriesOf } from "./pth-zip.ts";
import { readTensors } from "./tensors.ts";

const SOUND = pickle(dict(text("layer.weight"), tensor("0"), text("layer.bias"), tensor("0")));

/** The pickle within a `.pth` file: programs of its machine. */
export const PICKLE: Format = {
  name: "pickle",
  weight: 16,
  async prepare(): Promise<Fuzzer> {
    const file = (content: Uint8Array) => ({ "weights.pth": zip(entriesOf(content)) });
    const placed = HOSTILE_VALUES.map(
      ([kind, make]) => [1, kind, (random: Random) => file(pickle(somewhere(random, make(random))))] as const,
    );
    return {
      sound: [file(SOUND)],
      make: (random) =>
        build(random, [
          ...placed.map(([weight, kind, make]) => [weight, kind, () => make(random)] as const),
          [15, "programs", () => file(pickle(dict(text("w"), tensor("0"), text("x"), program(random))))],
          [5, "programs alone", () => file(pickle(program(random)))],
          [5, "tensors", () => file(pickle(dict(text("w"), hostileTensor(random), text("v"), hostileTensor(random))))],
          [8, "changed bytes", () => file(mutateBytes(random, SOUND))],
          [2, "protocol 0", () => file(Buffer.concat([...lines(random), op(".")]))],
        ]),
      read: readTensors,
    };
  },
};

const program = (random: Random) => assembled(random, random.size(300));

/** A value in each of the places that a state dict has for one. */
function somewhere(random: Random, value: Part): Part {
  const other = random.oneIn(4) ? hostileValue(random)[1] : text("w");
  return random.pick<() => Part>([
    () => value,
    () => dict(value, tensor("0")),
    () => dict(text("w"), value, text("v"), tensor("0")),
    () => dict(text("w"), value),
    () => dict(text("state_dict"), dict(text("a.b"), value, text("a.c"), tensor("0"))),
    () => dict(other, value, value, tensor("0")),
    () => all(dict(text("w"), tensor("0")), value, op("b")),
    () => dict(text("w"), tensor("0", { [random.pick(TENSOR_PARTS)]: value })),
  ])();
}

/** Lines as protocol 0 writes them, with arguments that are none. */
function lines(random: Random): Buffer[] {
  return Array.from({ length: random.size(60) }, () => {
    const argument = random.pick([
      "1",
      "-1",
      "1L",
      "00",
      "'a'",
      '"\\x1b"',
      "os\nsystem",
      "torch\nFloatStorage",
      "9".repeat(50),
      "\\ud800",
      "\\U0010ffff",
      "",
    ]);
    return Buffer.from(`${random.pick([..."IFLSVPcipg(tld0as"])}${argument}\n`);
  });
}
