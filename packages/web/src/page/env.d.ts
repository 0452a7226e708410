declare module "#segmenter" {
  /** The build says which module this is: `src/index.ts`, or a test's own. */
  export const createSegmenter: import("./segmenter.ts").CreateSegmenter;
}
