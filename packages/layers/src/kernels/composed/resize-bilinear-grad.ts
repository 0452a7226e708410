import { interpolationMatrix, mapRowsAndColumns } from "../../separable.ts";
import { type Pair, ResizeBilinearGrad } from "../names.ts";
import { composedKernel } from "./kernel.ts";

export const resizeBilinearGradConfig = composedKernel(ResizeBilinearGrad, ({ dy }, attrs) => {
  const [height, width] = attrs.inputSize as Pair;
  const [, rows, columns] = dy!.shape;
  return mapRowsAndColumns(dy!, interpolationMatrix(height, rows), interpolationMatrix(width, columns), true);
});
