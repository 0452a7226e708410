/**
 * For each app and bundler the JavaScript that its page and worker may fetch on WebAssembly, in kilobytes after gzip: what was measured and a twentieth to a
 * tenth more, so that a patch release of a bundler or of what is bundled does not stop anyone, and one more library does.
 *
 * Of `train` nine tenths are TensorFlow.js, all of which a model that is loaded from a file may need. `segmenter` adds the networks, the readers of
 * weights, YAML and its schema, in a worker, and in the page what shows labels.
 *
 * @type {Readonly<Record<string, Readonly<Record<string, number>>>>}
 */
export const BUDGETS = {
  segmenter: { vite5: 515, vite8: 505, esbuild: 490, webpack: 610 },
  train: { vite5: 345, vite8: 315, esbuild: 345, webpack: 410 },
};
