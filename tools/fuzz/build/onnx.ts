/** A field of a message of protocol buffers: its number, and a message, bytes or text in it. */
type PbField = readonly [number: number, content: Uint8Array | string];

/** A number of seven bits a byte. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** A message of such fields. */
const message = (...fields: readonly PbField[]): Buffer =>
  Buffer.concat(
    fields.flatMap(([number, content]) => {
      const bytes = Buffer.from(content);
      return [Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes];
    }),
  );

/** A node that reads `x` and gives `y`; `more` are its attributes. */
export const node = (operator: string, domain = "", ...more: readonly PbField[]): Buffer =>
  message([1, "x"], [2, "y"], [4, operator], [7, domain], ...more);

/** A graph of nodes, with weights that are passed over. */
export const graph = (nodes: readonly Uint8Array[]): Buffer =>
  message(...nodes.map((one): PbField => [1, one]), [2, "main"], [5, message([9, Buffer.alloc(5000, 0x0a)])]);

/** An attribute that holds a graph, as the branches of `If` are. */
export const branch = (inside: Uint8Array): PbField => [5, message([1, "then_branch"], [6, inside])];

/** A function that models may call. */
export const definition = (name: string, nodes: readonly Uint8Array[]): Buffer =>
  message([1, name], ...nodes.map((one): PbField => [7, one]), [10, "f"]);

/** A model of a graph, and functions. */
export const model = (main: Uint8Array, functions: readonly Uint8Array[] = []): Buffer =>
  message([2, "seg"], [7, main], ...functions.map((one): PbField => [25, one]));
