import { DTYPE_NAMES, DTYPES, type DType } from "./dtypes.ts";
import { CheckpointError } from "./errors.ts";
import { COST } from "./limits.ts";
import { Opaque } from "./opaque.ts";
import { Dict } from "./pickle-dict.ts";
import { MAX_RANK, type View } from "./tensor.ts";

/** A class of storages. */
export interface StorageType {
  /** Its global, `torch.FloatStorage`. */
  readonly name: string;
  /** Bytes of one element. */
  readonly bytes: number;
  /** What its elements are; undefined where the tensor says so, or where they are of a type that is not read. */
  readonly dtype?: DType | undefined;
}

/** A view of a file's storage `key`, in elements of its type, not read yet. */
export class StorageRef {
  constructor(
    readonly key: string,
    readonly type: StorageType,
    /** Elements of the whole storage. */
    readonly count: number,
    /** Where the view begins, in elements: 0 except in files older than PyTorch 0.4. */
    readonly start: number,
    /** Elements of the view. */
    readonly length: number,
  ) {}

  /** Bytes of the whole storage. */
  get bytes(): number {
    return this.count * this.type.bytes;
  }
}

/** A tensor that a pickle describes: a view of a storage, not checked yet. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly dtype: DType,
    /** In elements of `dtype`, from the beginning of the storage's view. */
    readonly view: View,
  ) {}

  /** How many elements the storage's view has for it. */
  get available(): number {
    return Math.floor((this.storage.length * this.storage.type.bytes) / DTYPES[this.dtype].bytes);
  }

  /** The view from the beginning of the whole storage. */
  get viewOfStorage(): View {
    const { start, type } = this.storage;
    return { ...this.view, offset: this.view.offset + (start * type.bytes) / DTYPES[this.dtype].bytes };
  }
}

/** Builds a value of a call's arguments; `spend` takes the bytes that it will hold from what the pickle may take. */
type Build = (args: readonly unknown[], spend: (bytes: number) => void) => unknown;

/** A global that a pickle may reference: a storage class, a dtype, or a function that builds a value. */
export class Global {
  readonly call: Build | undefined;
  readonly storage: StorageType | undefined;
  readonly dtype: DType | undefined;

  constructor(
    readonly name: string,
    { call, storage, dtype }: { call?: Build; storage?: StorageType; dtype?: DType } = {},
  ) {
    this.call = call;
    this.storage = storage;
    this.dtype = dtype;
  }
}

const malformed = (what: string) => new CheckpointError("corrupt", `its pickle has ${what}: get the file anew`);

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

// The rank is checked first: one huge list could be shared by thousands of tensors.
const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_RANK && value.every(isSize);

const rebuildTensor: Build = ([storage, offset, shape, strides, , , metadata], spend) => {
  spend(COST.tensor);
  return tensorOf({ storage, offset, shape, strides, metadata });
};

/** The form of the types without a storage class of their own. */
const rebuildTypedTensor: Build = ([storage, offset, shape, strides, , , dtype, metadata], spend) => {
  spend(COST.tensor);
  if (dtype instanceof Opaque) return dtype;
  if (!(dtype instanceof Global && dtype.dtype)) throw malformed("a tensor without a type");
  return tensorOf({ storage, offset, shape, strides, metadata, dtype: dtype.dtype });
};

interface TensorParts {
  storage: unknown;
  offset: unknown;
  shape: unknown;
  strides: unknown;
  /** What PyTorch computes lazily: `neg`, and `conj`, which changes complex numbers only. */
  metadata: unknown;
  dtype?: DType;
}

function tensorOf({ storage, offset, shape, strides, metadata, dtype }: TensorParts): TensorRef | Opaque {
  if (storage instanceof Opaque) return storage;
  if (!(storage instanceof StorageRef && isSize(offset) && isSizes(shape) && isSizes(strides))) {
    throw malformed("a tensor without storage, offset, sizes and strides");
  }
  const own = dtype ?? storage.type.dtype;
  if (!own) return new Opaque(storage.type.name);
  const negated = metadata instanceof Dict && metadata.named.get("neg") === true;
  return new TensorRef(storage, own, { shape, strides, offset, negated });
}

/** A parameter is its tensor; whether it wants a gradient, its hooks and its attributes say nothing about its values. */
const rebuildParameter: Build = ([tensor]) => {
  if (!(tensor instanceof TensorRef || tensor instanceof Opaque)) throw malformed("a parameter without a tensor");
  return tensor;
};

/** A tensor of a subclass, or with attributes of its own, both of which are dropped: `(function, class, arguments, state)`. */
const rebuildFromType: Build = ([build, , args], spend) => {
  if (build instanceof Opaque) return build;
  if (!(build instanceof Global && TENSOR_BUILDERS.has(build.name) && Array.isArray(args))) {
    throw malformed("a tensor that nothing builds");
  }
  return build.call!(args, spend);
};

const orderedDict: Build = ([items = []], spend) => {
  spend(COST.dict);
  const dict = new Dict();
  // Python 2 passes the items here, as a list of pairs.
  const pairs = items instanceof Dict ? [...items.named] : items;
  if (!Array.isArray(pairs)) throw malformed("an OrderedDict of something other than pairs");
  spend(COST.entry * pairs.length);
  for (const item of pairs) {
    if (!Array.isArray(item) || item.length !== 2) throw malformed("an OrderedDict of something other than pairs");
    dict.set(item[0], item[1]);
  }
  return dict;
};

const TENSOR_BUILDERS = new Map<string, Build>([
  ["torch._utils._rebuild_tensor", rebuildTensor],
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ["torch._utils._rebuild_tensor_v3", rebuildTypedTensor],
  ["torch._utils._rebuild_parameter", rebuildParameter],
  ["torch._utils._rebuild_parameter_with_state", rebuildParameter],
]);

const BUILDERS: readonly [string, Build][] = [
  ...TENSOR_BUILDERS,
  ["torch._tensor._rebuild_from_type", rebuildFromType],
  ["torch._tensor._rebuild_from_type_v2", rebuildFromType],
  // Where PyTorch had it before 1.9.
  ["torch.tensor._rebuild_from_type", rebuildFromType],
  ["torch.Size", ([sizes]) => sizes],
  ["collections.OrderedDict", orderedDict],
  // Its factory only fills in what is missing.
  ["collections.defaultdict", ([, items], spend) => orderedDict([items], spend)],
];

// Bytes of an element of the types that are not read: a legacy file's storages follow each other.
const UNREAD_STORAGES = {
  ComplexFloatStorage: 8,
  ComplexDoubleStorage: 16,
  QInt8Storage: 1,
  QUInt8Storage: 1,
  QInt32Storage: 4,
  QUInt4x2Storage: 1,
  QUInt2x4Storage: 1,
};

const STORAGES: readonly StorageType[] = [
  ...DTYPE_NAMES.flatMap((dtype) => {
    const { storage, bytes } = DTYPES[dtype];
    return storage ? [{ name: `torch.${storage}`, bytes, dtype }] : [];
  }),
  ...Object.entries(UNREAD_STORAGES).map(([storage, bytes]) => ({ name: `torch.${storage}`, bytes })),
  // Bytes; the tensor says of what.
  { name: "torch.UntypedStorage", bytes: 1 },
  { name: "torch.storage.UntypedStorage", bytes: 1 },
];

const GLOBALS = new Map<string, Global>(
  [
    ...BUILDERS.map(([name, call]) => new Global(name, { call })),
    ...DTYPE_NAMES.map((dtype) => new Global(`torch.${dtype}`, { dtype })),
    ...STORAGES.map((storage) => new Global(storage.name, { storage })),
  ].map((global) => [global.name, global]),
);

/** Resolves the global `module.name` by an allow-list; what is not on it is opaque. */
export function findGlobal(module: string, name: string): Global | Opaque {
  // `os` pickles its functions under the operating system's own module.
  const known = module === "posix" || module === "nt" ? "os" : module;
  return GLOBALS.get(`${module}.${name}`) ?? new Opaque(`${known}.${name}`);
}

/**
 * Resolves a persistent id: a storage's is `('storage', class, key, device, count, view)`. Those of a whole pickled module's source code, and
 * of a storage of an unknown class, are opaque.
 */
export function findStorage(id: unknown): StorageRef | Opaque {
  const [kind, type, key, , count, view] = Array.isArray(id) ? id : [];
  // `('module', class, file, source)`: the class is what matters.
  if (kind === "module") return type instanceof Opaque ? type : new Opaque("torch.nn.Module");
  if (kind !== "storage") throw malformed("a reference to something other than a storage");
  if (type instanceof Opaque) return type;
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
