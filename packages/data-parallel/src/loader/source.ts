/** Makes one worker's samples, one after the other, without end. */
export interface SampleSource<Sample> {
  /** Makes the next sample. */
  next(): Sample | Promise<Sample>;
  /** Skips `count` samples. It must draw the random numbers that making them would have drawn, and should do no other work. */
  skip(count: number): void | Promise<void>;
}

/**
 * What a loader's module exports as `createSource`: makes a source that draws all its random numbers from `random`, uniform in
 * `[0, 1)` as `Math.random`. It is called for each worker and epoch, so what is costly belongs into `options` or into the module.
 */
export type CreateSource<Sample, Options> = (
  options: Options,
  random: () => number,
) => SampleSource<Sample> | Promise<SampleSource<Sample>>;
