import { readCheckpoint } from "@seg/checkpoint";
import type { Reading } from "../src/format.ts";

/** Reads a checkpoint, and holds every tensor's values against its shape. */
export async function readTensors(file: string): Promise<Reading> {
  const found = await readCheckpoint(file);
  let bytes = 0;
  let wrong: string | undefined;
  for (const { name, shape, data, dtype } of found.values()) {
    bytes += data.byteLength;
    const count = shape.reduce((product, size) => product * size, 1);
    if (data.length !== count)
      wrong = `${data.length} values for [${shape}] of ${JSON.stringify(name.slice(0, 80))} (${dtype})`;
  }
  return { bytes, wrong };
}
