export { type EvaluateOptions, type EvaluationOptions, evaluate } from "./evaluate.ts";
export type { Evaluation, ImageScores } from "./result.ts";
