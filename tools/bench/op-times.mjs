import * as tf from "@tensorflow/tfjs";

/**
 * Times every kernel of the current engine from now on, what it calls itself left out. Exact on the CPU, whose operations are done when
 * their call returns; other engines are charged to whoever waits.
 *
 * @returns gives rows for a table, the longest first, and begins anew.
 */
export function timeOps() {
  const engine = tf.getBackend();
  const totals = new Map();
  let inner = 0;
  for (const config of tf.getKernelsForBackend(engine)) {
    const { kernelName, kernelFunc } = config;
    const timed = (call) => {
      const outer = inner;
      inner = 0;
      const start = performance.now();
      try {
        return kernelFunc(call);
      } finally {
        const time = performance.now() - start;
        const total = totals.get(kernelName) ?? { calls: 0, ms: 0 };
        total.calls++;
        total.ms += time - inner;
        totals.set(kernelName, total);
        inner = outer + time;
      }
    };
    tf.unregisterKernel(kernelName, engine);
    tf.registerKernel({ ...config, kernelFunc: timed });
  }
  return (steps) => {
    const sum = [...totals.values()].reduce((all, { ms }) => all + ms, 0);
    const rows = [...totals]
      .sort(([, a], [, b]) => b.ms - a.ms)
      .map(([kernel, { calls, ms }]) => ({
        kernel,
        "calls a step": Math.round(calls / steps),
        "s a step": ms / 1000 / steps,
        "% of all": Math.round((100 * ms) / sum),
      }));
    totals.clear();
    return rows;
  };
}
