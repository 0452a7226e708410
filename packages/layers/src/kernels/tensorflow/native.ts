import * as tf from "@tensorflow/tfjs";

type Attr = { name: string; type: number; value: unknown };

/** The part of tfjs-node's backend that runs any TensorFlow op. */
export interface NativeBackend {
  binding: Record<
    "TF_ATTR_TYPE" | "TF_ATTR_INT" | "TF_ATTR_STRING" | "TF_ATTR_BOOL" | "TF_ATTR_FLOAT" | "TF_FLOAT" | "TF_INT32",
    number
  >;
  isUsingGpuDevice: boolean;
  executeSingleOutput(name: string, attrs: Attr[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(name: string, attrs: Attr[], inputs: tf.Tensor[], outputs: number): tf.Tensor[];
}

/** An attribute that holds a type. */
export const FLOAT = { type: "TF_FLOAT" } as const;
export const INT = { type: "TF_INT32" } as const;

/** An attribute that is a float; a plain number is an integer. */
export const float = (value: number) => ({ float: value });

type Value = string | boolean | number | number[] | typeof FLOAT | typeof INT | ReturnType<typeof float>;

function attributes({ binding }: NativeBackend, attrs: Record<string, Value>): Attr[] {
  return Object.entries({ T: FLOAT, ...attrs }).map(([name, value]) => {
    if (typeof value === "string") return { name, type: binding.TF_ATTR_STRING, value };
    if (typeof value === "boolean") return { name, type: binding.TF_ATTR_BOOL, value };
    if (typeof value === "number" || Array.isArray(value)) return { name, type: binding.TF_ATTR_INT, value };
    if ("float" in value) return { name, type: binding.TF_ATTR_FLOAT, value: value.float };
    return { name, type: binding.TF_ATTR_TYPE, value: binding[value.type] };
  });
}

/** Runs one of TensorFlow's ops on float32 tensors, with attributes that TF.js never passes on. */
export function execute(
  backend: NativeBackend,
  op: string,
  attrs: Record<string, Value>,
  inputs: tf.Tensor[],
): tf.Tensor4D {
  return backend.executeSingleOutput(op, attributes(backend, attrs), inputs) as tf.Tensor4D;
}

/** The same for an op that gives several tensors. */
export function executeAll(
  backend: NativeBackend,
  op: string,
  attrs: Record<string, Value>,
  inputs: tf.Tensor[],
  outputs: number,
): tf.Tensor[] {
  return backend.executeMultipleOutputs(op, attributes(backend, attrs), inputs, outputs);
}

/** A shape as TensorFlow's ops take it. */
export const shapeTensor = (shape: number[]) => tf.tensor1d(shape, "int32");

/** A kernel for the native engine; what it allocates on the way is freed. */
export function nativeKernel(
  kernelName: string,
  run: (backend: NativeBackend, inputs: Record<string, tf.Tensor4D>, attrs: tf.NamedAttrMap) => tf.Tensor | tf.Tensor[],
): tf.KernelConfig {
  return {
    kernelName,
    backendName: "tensorflow",
    kernelFunc: ({ inputs, attrs, backend }) =>
      tf.tidy(() => run(backend as NativeBackend, inputs as unknown as Record<string, tf.Tensor4D>, attrs ?? {})),
  };
}
