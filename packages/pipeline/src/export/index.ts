export { exportModel } from "./export-model.ts";
export { EXPORT_FORMATS, type ExportFormat, type ExportOptions } from "./options.ts";
export type {
  ExportedFile,
  ExportedScores,
  ExportedTensor,
  ExportResult,
  Int8Report,
  PhotoPreparation,
} from "./result.ts";
