import type { GraphWriter } from "./graph-writer.ts";
import { HEIGHT, positions, sizeOf, spread, toFloat, WIDTH } from "./sizes.ts";

/**
 * Adaptive average pooling of `[batch, channels, height, width]` of any size, as products with matrices that are made of the size: cell i
 * of n covers rows floor(i·H/n) to ceil((i+1)·H/n).
 */
export function adaptiveAvgPool(writer: GraphWriter, x: string, [rows, columns]: readonly [number, number]): string {
  if (rows === 1 && columns === 1) return writer.add("GlobalAveragePool", [x]);
  const narrow = writer.add("MatMul", [x, averages(writer, x, WIDTH, columns)]);
  return writer.add("MatMul", [averages(writer, x, HEIGHT, rows), narrow]);
}

/** Of the height `[bins, height]`, of the width `[width, bins]`: each cell's weights. */
function averages(writer: GraphWriter, x: string, axis: number, bins: number): string {
  const [ofCells, ofPixels] = axis === HEIGHT ? [[bins, 1], 0] : [[1, bins], 1];
  const size = sizeOf(writer, x, axis);
  const numbers = Array.from({ length: bins }, (_, i) => i);
  const first = writer.once("Div", [writer.once("Mul", [writer.ints(numbers, ofCells), size]), writer.ints([bins])]);
  const next = writer.ints(
    numbers.map((i) => i + 1),
    ofCells,
  );
  const roundedUp = writer.once("Add", [writer.once("Mul", [next, size]), writer.ints([bins - 1])]);
  const end = writer.once("Div", [roundedUp, writer.ints([bins])]);
  const pixels = spread(writer, positions(writer, size), [ofPixels as number]);
  const isIn = writer.once("And", [writer.once("GreaterOrEqual", [pixels, first]), writer.once("Less", [pixels, end])]);
  return writer.once("Div", [toFloat(writer, isIn), toFloat(writer, writer.once("Sub", [end, first]))]);
}
