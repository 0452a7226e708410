export { LayersError, type LayersErrorCode } from "../errors.ts";
export { labelsOf } from "./labels-of.ts";
export { probabilityRows } from "./probability-rows.ts";
export type { Labels, ScoreMap } from "./score-map.ts";
