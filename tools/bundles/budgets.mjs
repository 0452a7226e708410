/**
 * For each app and bundler the JavaScript that its page may fetch on WebAssembly, in kilobytes after gzip. TensorFlow.js alone, all of which a model that
 * is loaded from a file may need, is nine tenths of it.
 *
 * @type {Readonly<Record<string, Readonly<Record<string, number>>>>}
 */
export const BUDGETS = {
  train: { vite5: 345, vite8: 315, esbuild: 345, webpack: 410 },
};
