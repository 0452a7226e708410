import { averagingMatrix, mapRowsAndColumns } from "../../separable.ts";
import { AdaptiveAvgPool2D, type Pair } from "../names.ts";
import { composedKernel } from "./kernel.ts";

export const adaptiveAvgPool2dConfig = composedKernel(AdaptiveAvgPool2D, ({ x }, attrs) => {
  const [, height, width] = x!.shape;
  const [rows, columns] = attrs.bins as Pair;
  return mapRowsAndColumns(x!, averagingMatrix(height, rows), averagingMatrix(width, columns));
});
