export { exportModel } from "./export-model.ts";
export { EXPORT_FORMATS, type ExportFormat, type ExportOptions } from "./options.ts";
export type { ExportedFile, ExportedTensor, ExportResult, PhotoPreparation } from "./result.ts";
