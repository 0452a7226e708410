export * from "./browser.ts";
export type { Tensors } from "./writable-tensor.ts";
export { type PthOptions, writePth } from "./write-pth.ts";
export { type SafetensorsOptions, writeSafetensors } from "./write-safetensors.ts";
