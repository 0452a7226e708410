import { DTYPES, type DType } from "./dtypes.ts";
import { CheckpointError, quote } from "./errors.ts";
import { MAX_RANK, type View } from "./tensor.ts";

/** A view of a file's storage `key`, in elements of `dtype`, not read yet. */
export class StorageRef {
  constructor(
    readonly key: string,
    readonly dtype: DType,
    /** Elements of the whole storage. */
    readonly count: number,
    /** Where the view begins, in elements: 0 except in files older than PyTorch 0.4. */
    readonly start: number,
    /** Elements of the view. */
    readonly length: number,
  ) {}
}

/** A tensor that a pickle describes: a view of a storage, not checked yet. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly view: View,
  ) {}
}

/** A global that a pickle may reference: a storage class, a dtype, or a function that builds a value. */
export class Global {
  constructor(
    readonly name: string,
    readonly call?: (args: readonly unknown[], spend: (steps: number) => void) => unknown,
    readonly storage?: DType,
  ) {}
}

const malformed = (what: string) => new CheckpointError("corrupt", `its pickle has ${what}: get the file anew`);

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

// The rank is checked first: one huge list could be shared by thousands of tensors.
const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_RANK && value.every(isSize);

function rebuildTensor([storage, offset, shape, strides]: readonly unknown[]): TensorRef {
  if (!(storage instanceof StorageRef && isSize(offset) && isSizes(shape) && isSizes(strides))) {
    throw malformed("a tensor without storage, offset, sizes and strides");
  }
  return new TensorRef(storage, { shape, strides, offset });
}

function rebuildParameter([tensor]: readonly unknown[]): TensorRef {
  if (!(tensor instanceof TensorRef)) throw malformed("a parameter without a tensor");
  return tensor;
}

function orderedDict([items = []]: readonly unknown[], spend: (steps: number) => void): Map<unknown, unknown> {
  // Python 2 passes the items here, as a list of pairs.
  if (!Array.isArray(items)) throw malformed("an OrderedDict of something other than pairs");
  spend(items.length);
  const dict = new Map<unknown, unknown>();
  for (const item of items) {
    if (!Array.isArray(item) || item.length !== 2) throw malformed("an OrderedDict of something other than pairs");
    dict.set(item[0], item[1]);
  }
  return dict;
}

const GLOBALS = new Map<string, Global>(
  [
    new Global("collections.OrderedDict", orderedDict),
    new Global("torch._utils._rebuild_tensor", rebuildTensor),
    new Global("torch._utils._rebuild_tensor_v2", rebuildTensor),
    new Global("torch._utils._rebuild_parameter", rebuildParameter),
    new Global("torch.Size", ([sizes]) => sizes),
    ...(Object.keys(DTYPES) as DType[]).flatMap((dtype) => [
      new Global(`torch.${dtype}`),
      new Global(`torch.${DTYPES[dtype].storage}`, undefined, dtype),
    ]),
  ].map((global) => [global.name, global]),
);

/**
 * Resolves the global `module.name` by an allow-list.
 *
 * @throws {CheckpointError} `unsafe-pickle` for every global that a state dict does not need.
 */
export function findGlobal(module: string, name: string): Global {
  const global = GLOBALS.get(`${module}.${name}`);
  if (global) return global;
  // `os` pickles its functions under the operating system's own module.
  const known = module === "posix" || module === "nt" ? "os" : module;
  if (known === "torch" && name.endsWith("Storage")) {
    throw new CheckpointError("unsupported", `it holds a torch.${quote(name)}: save it in Python as float32`, {
      data: { global: `torch.${name}` },
    });
  }
  throw new CheckpointError(
    "unsafe-pickle",
    `its pickle should hold tensors only, and @seg/checkpoint refuses to run ${quote(`${known}.${name}`)}: ` +
      "ask its author for torch.save(model.state_dict(), path)",
    { data: { global: `${known}.${name}` } },
  );
}

/** Resolves a storage's persistent id `('storage', class, key, device, count, view)`. */
export function findStorage(id: unknown): StorageRef {
  const [kind, type, key, , count, view] = Array.isArray(id) ? id : [];
  if (kind !== "storage") throw malformed("a reference to something other than a storage");
  if (!(type instanceof Global && type.storage && typeof key === "string" && isSize(count))) {
    throw malformed("a storage without class, key and size");
  }
  if (view === undefined || view === null) return new StorageRef(key, type.storage, count, 0, count);
  const [, start, length] = Array.isArray(view) ? view : [];
  if (!(isSize(start) && isSize(length) && start + length <= count)) {
    throw malformed("a storage's view that leaves the storage");
  }
  return new StorageRef(key, type.storage, count, start, length);
}
