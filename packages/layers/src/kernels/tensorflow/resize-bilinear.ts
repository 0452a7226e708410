import { ResizeBilinear } from "../names.ts";
import { execute, nativeKernel, shapeTensor } from "./native.ts";

/** PyTorch's `align_corners=False`. */
export const HALF_PIXEL = { align_corners: false, half_pixel_centers: true };

export const resizeBilinearConfig = nativeKernel(ResizeBilinear, (backend, { x }, attrs) =>
  execute(backend, "ResizeBilinear", HALF_PIXEL, [x!, shapeTensor(attrs.size as number[])]),
);
