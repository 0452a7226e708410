export { type EngineInfo, type EngineName, startEngine } from "./start.ts";
