// What ONNX's schema says, written without a library: numbers of fields, and lengths before contents.

const number = (value: bigint): Buffer =>
  value < 128n ? Buffer.of(Number(value)) : Buffer.concat([Buffer.of(Number(value & 127n) | 128), number(value >> 7n)]);

type Value = bigint | string | Buffer;

function field(id: number, value: Value): Buffer {
  if (typeof value === "bigint") return Buffer.concat([number(BigInt(id) << 3n), number(value)]);
  const bytes = Buffer.from(value as string);
  return Buffer.concat([number((BigInt(id) << 3n) | 2n), number(BigInt(bytes.length)), bytes]);
}

const message = (...fields: [id: number, value: Value][]) =>
  Buffer.concat(fields.map(([id, value]) => field(id, value)));

const [FLOAT, INT64, BOOL, GRAPH] = [1n, 7n, 9n, 5n];

const valueInfo = (name: string, type: bigint, sides: (bigint | string)[]) => {
  const shape = sides.map((side): [number, Value] => [1, message([typeof side === "string" ? 2 : 1, side])]);
  return message([1, name], [2, message([1, message([1, type], [2, message(...shape)])])]);
};

const node = (operator: string, inputs: string[], outputs: string[], ...more: [number, Value][]) =>
  message(
    ...inputs.map((name): [number, Value] => [1, name]),
    ...outputs.map((name): [number, Value] => [2, name]),
    [4, operator],
    ...more,
  );

/** An ONNX model whose scores of 3 classes are the image itself, handed on `rounds` times: with 2 ** 62 of them it computes without end. */
export function loopingModel(rounds: bigint): Buffer {
  const image = [1n, 3n, "height", "width"];
  const body = message(
    [1, node("Identity", ["goes"], ["goesOn"])],
    [1, node("Identity", ["before"], ["after"])],
    [2, "body"],
    [11, valueInfo("round", INT64, [])],
    [11, valueInfo("goes", BOOL, [])],
    [11, valueInfo("before", FLOAT, image)],
    [12, valueInfo("goesOn", BOOL, [])],
    [12, valueInfo("after", FLOAT, image)],
  );
  const attribute = message([1, "body"], [6, body], [20, GRAPH]);
  const graph = message(
    [1, node("Loop", ["rounds", "start", "image"], ["scores"], [5, attribute])],
    [2, "looping"],
    [5, message([2, INT64], [7, number(rounds)], [8, "rounds"])],
    [5, message([2, BOOL], [5, number(1n)], [8, "start"])],
    [11, valueInfo("image", FLOAT, image)],
    [12, valueInfo("scores", FLOAT, image)],
  );
  return message([1, 8n], [7, graph], [8, message([2, 13n])]);
}
