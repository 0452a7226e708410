import { checkModel } from "./check-model.ts";
import { checkVersion, type ModelParts, missingRuntime, type Runtime } from "./runtime.ts";

const NAME = "onnxruntime-web";

/** @throws {OnnxError} `runtime` if it is missing, too old or does not load. */
export async function loadRuntime(): Promise<Runtime> {
  let ort: typeof import("onnxruntime-web");
  try {
    // In `try` bundlers take it for what may be absent; some put an empty module in its place.
    ort = await import("onnxruntime-web");
    if (!ort.InferenceSession) throw new Error(`Cannot resolve '${NAME}'`);
  } catch (error) {
    throw missingRuntime(NAME, error);
  }
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency: number; gpu?: unknown } };
  const version = ort.env.versions.web ?? ort.env.versions.common;
  checkVersion(NAME, version);
  return {
    package: NAME,
    version,
    providers: ["wasm", ...(navigator?.gpu ? ["webgpu"] : [])],
    processors: navigator?.hardwareConcurrency ?? 1,
    Tensor: ort.Tensor,
    open: (model, options) => {
      if (typeof model === "string") return ort.InferenceSession.create(model, options);
      checkModel("the model", (position, length) => model.subarray(position, position + length), model.length);
      return ort.InferenceSession.create(model, options);
    },
  };
}

/** A page has no files. */
export async function inFiles<Result>(
  _: ModelParts,
  __: (path: string) => Promise<Result>,
): Promise<Result | undefined> {
  return undefined;
}
