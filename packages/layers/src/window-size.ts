/** Rows (or columns) that a window of `kernel` leaves of `size`, PyTorch's rule. */
export function outputSize(size: number, kernel: number, stride: number, padding: number, dilation: number): number {
  return Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}
