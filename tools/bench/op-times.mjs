import * as tf from "@tensorflow/tfjs";

/** Shapes of input and filter, and output, of each kernel of convolutions, from its inputs, attributes and output. */
const CONVOLUTIONS = {
  SegConv2D: ({ x, filter }, _attrs, y) => [x.shape, filter.shape, y.shape],
  SegFusedConv2D: ({ x, filter }, _attrs, y) => [x.shape, filter.shape, y.shape],
  SegConv2DBackpropInput: ({ dy, filter }, { inputShape }) => [inputShape, filter.shape, dy.shape],
  SegConv2DBackpropFilter: ({ x, dy }, { filterShape }) => [x.shape, filterShape, dy.shape],
};

/** A convolution's shapes and options in words, and its multiplications and additions, forward or backward. */
function describeConvolution([input, filter, output], { strides, dilations, groups }) {
  const options = { stride: strides[0], dilation: dilations[0], groups };
  const unusual = Object.entries(options).map(([name, value]) => (value > 1 ? ` ${name} ${value}` : ""));
  return {
    shape: `${input.join("×")} by ${filter.join("×")}${unusual.join("")}`,
    flop: 2 * tf.util.sizeFromShape(output) * filter[0] * filter[1] * filter[2],
  };
}

/** Sums of calls, milliseconds and operations, by kernel or by kernel and shape. */
class Totals extends Map {
  add(key, values) {
    const total = this.get(key) ?? { calls: 0, ms: 0, own: 0, flop: 0 };
    total.calls++;
    for (const [name, value] of Object.entries(values)) total[name] += value;
    this.set(key, total);
  }

  longestFirst() {
    return [...this].sort(([, a], [, b]) => b.ms - a.ms);
  }
}

const speed = ({ flop, ms }) => (flop ? flop / ms / 1e6 : "");

/**
 * Times every kernel of the current engine from now on: its calls with what they call themselves, and its own time without. Exact on the
 * CPU, whose operations are done when their call returns; other engines are charged to whoever waits.
 *
 * @returns gives rows for tables of the steps since the last call, the longest first: `kernels`, and `convolutions` by shape.
 */
export function timeOps() {
  const engine = tf.getBackend();
  const kernels = new Totals();
  const convolutions = new Totals();
  const running = new Set();
  let inner = 0;
  for (const config of tf.getKernelsForBackend(engine)) {
    const { kernelName, kernelFunc } = config;
    const timed = (call) => {
      // Called by itself, a kernel's time is counted once.
      if (running.has(kernelName)) return kernelFunc(call);
      running.add(kernelName);
      const outer = inner;
      inner = 0;
      const start = performance.now();
      try {
        const result = kernelFunc(call);
        const ms = performance.now() - start;
        const shapes = CONVOLUTIONS[kernelName]?.(call.inputs, call.attrs, result);
        const { shape, flop } = shapes ? describeConvolution(shapes, call.attrs) : { flop: 0 };
        kernels.add(kernelName, { ms, own: ms - inner, flop });
        if (shapes) convolutions.add(`${kernelName} ${shape}`, { ms, flop });
        return result;
      } finally {
        running.delete(kernelName);
        inner = outer + performance.now() - start;
      }
    };
    tf.unregisterKernel(kernelName, engine);
    tf.registerKernel({ ...config, kernelFunc: timed });
  }
  return (steps, peak) => {
    const sum = [...kernels.values()].reduce((all, { own }) => all + own, 0);
    const columns = (total) => ({
      "calls a step": Math.round(total.calls / steps),
      "s a step": total.ms / 1000 / steps,
    });
    const speeds = (total) => ({ "GFLOP/s": speed(total), "% of peak": total.flop ? percent(speed(total), peak) : "" });
    const rows = {
      kernels: kernels.longestFirst().map(([kernel, total]) => ({
        kernel,
        ...columns(total),
        "of it own s": total.own / 1000 / steps,
        "own, % of all": percent(total.own, sum),
        ...speeds(total),
      })),
      convolutions: convolutions.longestFirst().map(([name, total]) => {
        const [kernel, ...shape] = name.split(" ");
        return { kernel, "input by filter": shape.join(" "), ...columns(total), ...speeds(total) };
      }),
    };
    kernels.clear();
    convolutions.clear();
    return rows;
  };
}

const percent = (part, whole) => Math.round((100 * part) / whole);

/** The GFLOP/s that the current engine reaches in its best product of two matrices of 2048 × 2048. */
export function peakOfProducts() {
  const size = 2048;
  const a = tf.randomNormal([size, size], 0, 1, "float32", 1);
  const seconds = Array.from({ length: 10 }, () => {
    const start = performance.now();
    const product = tf.matMul(a, a);
    // Waits for the engine without bringing the whole product over.
    tf.tidy(() => product.slice([0, 0], [1, 1]).dataSync());
    product.dispose();
    return (performance.now() - start) / 1000;
  });
  a.dispose();
  return (2 * size ** 3) / Math.min(...seconds) / 1e9;
}
