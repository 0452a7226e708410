import { type ByteFile, bytesAt } from "./byte-source.ts";
import { strictUtf8, u64 } from "./bytes.ts";
import { DTYPES, type DType, dtypeNamed } from "./dtypes.ts";
import { CheckpointError, quote } from "./errors.ts";
import { countMembers } from "./json-members.ts";
import { beyondLimits, type Limits } from "./limits.ts";
import { Opaque, refusal } from "./opaque.ts";
import type { ReadContents } from "./read-checkpoint.ts";
import { elementCount, rowMajorStrides } from "./strides.ts";
import { checkName, checkView, MAX_RANK, StoredTensor } from "./tensor.ts";

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
export async function readSafetensors(file: ByteFile, limits: Limits): Promise<ReadContents> {
  const length = u64(await bytesAt(file, 0, 8), 0);
  if (length > file.size - 8) throw new CheckpointError("truncated", "the file ends within its header: get it anew");
  if (length > limits.header) throw beyondLimits(`its header of ${length} bytes is longer`);
  const { entries, metadata } = parseHeader(await bytesAt(file, 8, length));

  const start = 8 + length;
  // In the order of their bytes, as other readers have them: JSON.parse puts names that are numbers first.
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
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

function parseHeader(bytes: Uint8Array): { entries: Entry[]; metadata: Record<string, string> } {
  const text = strictUtf8(bytes);
  if (text === undefined) throw malformed("its header is no UTF-8");
  // A tensor's sizes lie in a list in an object in the header.
  const members = countMembers(text, 3);
  if (members === undefined) throw malformed("its header is nested deeper than tensors are");
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw new CheckpointError("corrupt", "its header is no JSON: get the file anew", { cause: error });
  }
  if (!isRecord(header)) throw malformed("its header is no JSON object");
  const { __metadata__: metadata = {}, ...tensors } = header;
  if (!isRecord(metadata)) throw malformed("its metadata is no JSON object");
  for (const line of Object.values(metadata)) {
    if (typeof line !== "string") throw malformed("its metadata holds something other than text");
  }
  const entries = Object.entries(tensors).map(([name, value]) => parseEntry(name, value));
  const kept = [header, ...Object.values(header)].reduce<number>(
    (sum, one) => sum + (isRecord(one) ? Object.keys(one).length : 0),
    0,
  );
  // Of two members of one name a parser keeps one, and which one, each decides for itself.
  if (kept !== members) throw malformed("its header has two members of one name");
  return { entries, metadata: metadata as Record<string, string> };
}

function parseEntry(name: string, value: unknown): Entry {
  checkName(name);
  const { dtype: stored, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (!(typeof stored === "string" && isNaturals(shape) && isNaturals(offsets) && offsets.length === 2)) {
    throw malformed(`${quote(name)} has no type, shape and offsets`);
  }
  const [begin, end] = offsets as [number, number];
  if (end < begin) throw malformed(`${quote(name)} has no valid offsets`);
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
  for (const { name, begin, end } of entries) {
    if (begin !== at) throw malformed(`${quote(name)} overlaps its neighbour, or leaves a gap`);
    at = end;
  }
  if (at > size) throw new CheckpointError("truncated", `it lacks its last ${at - size} bytes: get it anew`);
  if (at < size) throw malformed(`it has ${size - at} bytes too many`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isNaturals = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
