import * as tf from "@tensorflow/tfjs";

/** Height and width, and input and output channels, of the benchmarked convolutions, each several times as expensive as the last. */
const SIZES = [
  [8, 8],
  [16, 16],
  [16, 64],
  [32, 128],
  [64, 256],
  [128, 512],
] as const;

/**
 * Speed of a 3×3 convolution (stride 1, same padding, one image) on the current engine, in GFLOP/s, a multiplication and an
 * addition counted as two. Grows the convolution while the next one still fits in `budget`, then takes the best of a few runs.
 *
 * @param budget - about how long to measure, in seconds; compiling and warming up come on top.
 */
export async function measureConvolution(budget = 0.4): Promise<number> {
  const deadline = performance.now() + budget * 1000;
  let best = 0;
  for (const [size, channels] of SIZES) {
    const flops = 2 * size * size * 9 * channels * channels;
    // The first run warms up; a larger convolution is at least as efficient, so this bounds what one run will take.
    if (best > 0 && performance.now() + (2 * flops) / (best * 1e6) > deadline) break;
    const x = tf.ones([1, size, size, channels]) as tf.Tensor4D;
    const w = tf.ones([3, 3, channels, channels]) as tf.Tensor4D;
    try {
      best = 0;
      for (let run = 0; run < 4 && (run < 2 || performance.now() < deadline); run++) {
        const start = performance.now();
        await convolve(x, w);
        if (run > 0) best = Math.max(best, flops / (performance.now() - start) / 1e6);
      }
    } finally {
      tf.dispose([x, w]);
    }
  }
  return best;
}

/** One convolution, synchronized: reading one value back makes a GPU finish. */
async function convolve(x: tf.Tensor4D, w: tf.Tensor4D): Promise<void> {
  const corner = tf.tidy(() => tf.conv2d(x, w, 1, "same").slice([0, 0, 0, 0], [1, 1, 1, 1]));
  await corner.data();
  corner.dispose();
}
