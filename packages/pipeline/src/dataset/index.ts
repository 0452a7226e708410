export { type Ade20kInfo, type Ade20kOptions, fetchAde20k, type SplitInfo } from "./ade20k.ts";
export { briefly } from "./briefly.ts";
export { checkLists, type ListReport } from "./check.ts";
export { classSet } from "./classes.ts";
export { type DividedFolders, divideFolders, type FolderSources } from "./folders.ts";
export type { ClassOccurrence } from "./judge-labels.ts";
export type { PairSources } from "./records.ts";
