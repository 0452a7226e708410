import { averagingMatrix, mapRowsAndColumns } from "../../separable.ts";
import { AdaptiveAvgPool2DGrad, type Pair } from "../names.ts";
import { composedKernel } from "./kernel.ts";

export const adaptiveAvgPool2dGradConfig = composedKernel(AdaptiveAvgPool2DGrad, ({ dy }, attrs) => {
  const [height, width] = attrs.inputSize as Pair;
  const [, rows, columns] = dy!.shape;
  return mapRowsAndColumns(dy!, averagingMatrix(height, rows), averagingMatrix(width, columns), true);
});
