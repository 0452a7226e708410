export { type ProcessStatus, processStatus } from "./process-status.ts";
export { type ReplaceOptions, replaceFile } from "./replace-file.ts";
