export { DataParallelError, type DataParallelErrorCode } from "./errors.ts";
export { type LoaderOptions, type LoaderPosition, SeededLoader } from "./loader/seeded-loader.ts";
export type { CreateSource, SampleSource } from "./loader/source.ts";
export { Random, type RandomState } from "./random.ts";
