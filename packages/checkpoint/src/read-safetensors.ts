import type { ByteFile } from "./byte-file.ts";
import { DTYPES, type DType, dtypeNamed } from "./dtypes.ts";
import { CheckpointError, quote } from "./errors.ts";
import { Opaque, refusal } from "./opaque.ts";
import type { ReadContents } from "./read-checkpoint.ts";
import { elementCount, rowMajorStrides } from "./strides.ts";
import { checkView, MAX_RANK, StoredTensor } from "./tensor.ts";

// 20,000 tensors' worth; a hostile header of this size takes some 100 MB to parse.
const MAX_HEADER = 2 ** 21;

const malformed = (what: string) => new CheckpointError("corrupt", `${what}: get the file anew`);

interface Entry {
  name: string;
  /** Undefined for a type that is not read. */
  dtype: DType | undefined;
  /** The type's name in the file. */
  stored: string;
  shape: number[];
  begin: number;
  end: number;
}

/** Reads safetensors: the header's length, the header in JSON, the tensors' bytes. */
export async function readSafetensors(file: ByteFile): Promise<ReadContents> {
  const prefix = Buffer.alloc(8);
  file.readSync(prefix, 0);
  const length = Number(prefix.readBigUInt64LE());
  if (length > file.size - 8) throw new CheckpointError("truncated", "the file ends within its header: get it anew");
  if (length > MAX_HEADER) {
    throw new CheckpointError(
      "unsupported",
      `its header of ${length} bytes is larger than ${MAX_HEADER}: split the file`,
    );
  }
  const header = Buffer.alloc(length);
  file.readSync(header, 8);
  const { entries, metadata } = parseHeader(header.toString("utf8"));

  const start = 8 + length;
  checkLayout(entries, file.size - start);
  const tensors: StoredTensor[] = [];
  const skipped = new Map<string, Opaque>();
  for (const { name, dtype, stored, shape, begin, end } of entries) {
    if (!dtype) {
      skipped.set(name, new Opaque(stored));
      continue;
    }
    const buffer = await file.readBytes(start + begin, end - begin);
    tensors.push(new StoredTensor(name, dtype, { shape, strides: rowMajorStrides(shape), offset: 0 }, buffer));
  }
  const [first] = skipped;
  if (first && tensors.length === 0) throw refusal(first[1], quote(first[0]));
  return { tensors, skipped, metadata };
}

function parseHeader(text: string): { entries: Entry[]; metadata: Record<string, string> } {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw new CheckpointError("corrupt", "its header is no JSON: get the file anew", { cause: error });
  }
  if (!isRecord(header)) throw malformed("its header is no JSON object");
  const metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name !== "__metadata__") {
      entries.push(parseEntry(name, value));
      continue;
    }
    if (!isRecord(value)) throw malformed("its metadata is no JSON object");
    for (const [key, line] of Object.entries(value)) {
      if (typeof line !== "string") throw malformed("its metadata holds something other than text");
      metadata[key] = line;
    }
  }
  return { entries, metadata };
}

function parseEntry(name: string, value: unknown): Entry {
  const { dtype: stored, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (!(typeof stored === "string" && Array.isArray(shape) && Array.isArray(offsets) && offsets.length === 2)) {
    throw malformed(`${quote(name)} has no type, shape and offsets`);
  }
  const [begin, end] = offsets;
  if (!(Number.isSafeInteger(begin) && Number.isSafeInteger(end) && begin >= 0 && end >= begin)) {
    throw malformed(`${quote(name)} has no valid offsets`);
  }
  if (shape.length > MAX_RANK) throw malformed(`${quote(name)} has ${shape.length} axes`);
  const dtype = dtypeNamed(stored);
  if (!dtype) return { name, dtype, stored, shape, begin, end };
  const { bytes } = DTYPES[dtype];
  checkView(name, { shape, strides: rowMajorStrides(shape), offset: 0 }, (end - begin) / bytes);
  if (elementCount(shape) * bytes !== end - begin)
    throw malformed(`${quote(name)} has more bytes than its shape needs`);
  return { name, dtype, stored, shape, begin, end };
}

/** The tensors must follow each other without gaps, up to the file's end. */
function checkLayout(entries: readonly Entry[], size: number): void {
  let at = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) throw malformed(`${quote(name)} overlaps its neighbour, or leaves a gap`);
    at = end;
  }
  if (at > size) throw new CheckpointError("truncated", `it lacks its last ${at - size} bytes: get it anew`);
  if (at < size) throw malformed(`it has ${size - at} bytes too many`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
