import { CheckpointError, readCheckpoint } from "../../src/index.ts";

const ARRAYS: Record<string, string> = {
  float64: "Float64Array",
  float32: "Float32Array",
  float16: "Float32Array",
  bfloat16: "Float32Array",
  int64: "BigInt64Array",
  int32: "Int32Array",
  int16: "Int16Array",
  int8: "Int8Array",
  uint64: "BigUint64Array",
  uint32: "Uint32Array",
  uint16: "Uint16Array",
  uint8: "Uint8Array",
  bool: "Uint8Array",
};

/**
 * Reads a file that may be damaged: gives the error's code, or "read" if every tensor is well-formed.
 * Anything else, an error that is no CheckpointError first of all, is thrown.
 */
export async function outcome(path: string): Promise<string> {
  const state = await readCheckpoint(path).catch((error: unknown) => {
    if (!(error instanceof CheckpointError) || /\n/.test(error.message)) throw error;
    return error.code;
  });
  if (typeof state === "string") return state;
  for (const [name, { name: own, dtype, shape, data }] of state) {
    const count = shape.reduce((product, size) => product * size, 1);
    if (own !== name || data.constructor.name !== ARRAYS[dtype] || data.length !== count) {
      throw new Error(`${name}: ${data.length} values in a ${data.constructor.name} for ${dtype} [${shape}]`);
    }
  }
  return "read";
}
