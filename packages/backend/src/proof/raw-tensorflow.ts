/** The functions of a native addon that the proof calls. */
export interface RawBinding {
  TF_Version: string;
  TF_FLOAT: number;
  TF_INT32: number;
  TF_ATTR_INT: number;
  TF_ATTR_FLOAT: number;
  TF_ATTR_BOOL: number;
  TF_ATTR_STRING: number;
  TF_ATTR_TYPE: number;
  isUsingGpuDevice(): boolean;
  createTensor(shape: number[], dtype: number, values: Float32Array | Int32Array): number;
  tensorDataSync(id: number): ArrayLike<number>;
  executeOp(op: string, attrs: object[], inputs: number[], outputs: number): { id: number }[];
}

/** A tensor of the addon's own. */
export type RawTensor = number & { readonly raw: unique symbol };

/** An attribute's value; whole numbers are ints unless they are wrapped by {@link float}. */
export type RawAttr = number | number[] | boolean | string | { float: number } | { type: number };

/** Calls TensorFlow's operations through an addon alone. Its tensors live as long as the process, which is short. */
export class RawTensorflow {
  readonly binding: RawBinding;

  constructor(binding: RawBinding) {
    this.binding = binding;
  }

  floats(shape: number[], values: number[]): RawTensor {
    return this.binding.createTensor(shape, this.binding.TF_FLOAT, Float32Array.from(values)) as RawTensor;
  }

  ints(shape: number[], values: number[]): RawTensor {
    return this.binding.createTensor(shape, this.binding.TF_INT32, Int32Array.from(values)) as RawTensor;
  }

  /** The first output of an operation on float32; its other types follow from its inputs. */
  run(op: string, inputs: RawTensor[], attrs: Record<string, RawAttr> = {}): RawTensor {
    return this.runAll(op, inputs, attrs, 1)[0]!;
  }

  runAll(op: string, inputs: RawTensor[], attrs: Record<string, RawAttr>, outputs: number): RawTensor[] {
    const list = Object.entries({ T: { type: this.binding.TF_FLOAT }, ...attrs }).map(([name, value]) => ({
      name,
      ...this.#attr(value),
    }));
    return this.binding.executeOp(op, list, inputs, outputs).map(({ id }) => id as RawTensor);
  }

  values(tensor: RawTensor): number[] {
    return Array.from(this.binding.tensorDataSync(tensor));
  }

  #attr(value: RawAttr): { type: number; value: unknown } {
    const { TF_ATTR_BOOL, TF_ATTR_FLOAT, TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_TYPE } = this.binding;
    if (typeof value === "boolean") return { type: TF_ATTR_BOOL, value };
    if (typeof value === "string") return { type: TF_ATTR_STRING, value };
    if (typeof value === "number" || Array.isArray(value)) return { type: TF_ATTR_INT, value };
    return "float" in value ? { type: TF_ATTR_FLOAT, value: value.float } : { type: TF_ATTR_TYPE, value: value.type };
  }
}
