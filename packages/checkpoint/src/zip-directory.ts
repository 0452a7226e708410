import { type ByteFile, bytesAt } from "./byte-source.ts";
import { equal, u16, u32, u64, utf8OrLatin1 } from "./bytes.ts";
import { CheckpointError, quote } from "./errors.ts";
import { beyondLimits } from "./limits.ts";

/** An entry of a zip file, of which its directory and its own header agree. */
export interface ZipEntry {
  readonly name: string;
  /** 0: as it is; 8: deflated. */
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly crc32: number;
  /** Bytes in the file, and of the contents. */
  readonly packed: number;
  readonly size: number;
  /** Where its bytes begin. */
  readonly start: number;
}

/** A directory's record. */
interface Found extends Omit<ZipEntry, "start"> {
  readonly flags: number;
  /** The name's bytes. */
  readonly raw: Uint8Array;
  /** Where the entry's own header begins. */
  readonly offset: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const DESCRIPTOR = 0x08074b50;

const END_LENGTH = 22;
const LOCATOR_LENGTH = 20;
const END64_LENGTH = 56;
const LONGEST = 0xffff;
/** In place of a number that stands in a 64-bit field. */
const ELSEWHERE = 0xffffffff;

const ENCRYPTED = 1;
/** The checksum and the sizes follow the contents. */
const DESCRIBED = 8;

const truncated = () => new CheckpointError("truncated", "the zip file ends before its contents do: get it anew");
const damaged = (what: string) => new CheckpointError("corrupt", `its zip structure is damaged (${what}): get it anew`);

/**
 * Reads a zip file's directory, and checks that its entries fill the file: each begins where the one before ends, says the same in its own
 * header, and no two have one name.
 *
 * @param limit - The most bytes that the directory may have; no more is kept in memory.
 * @returns the entries by name, in the directory's order.
 * @throws {CheckpointError} `truncated`, `corrupt` or `unsupported`.
 * @see PKWARE's APPNOTE, sections 4.3 to 4.5.
 */
export async function readDirectory(file: ByteFile, limit: number): Promise<Map<string, ZipEntry>> {
  const { count, size, offset, end } = await findDirectory(file);
  if (size > limit) throw beyondLimits("its zip directory is longer");
  if (offset > end) throw truncated();
  if (offset + size !== end) throw damaged("its directory is not where it should be");
  const found = parseDirectory(await bytesAt(file, offset, size), file.size);
  if (found.length !== count) throw damaged(`${found.length} entries in place of ${count}`);
  const starts = await checkHeaders(file, found, offset);
  const entries = new Map<string, ZipEntry>();
  for (const record of found) {
    const { name, method, isEncrypted, crc32, packed, size } = record;
    if (entries.has(name)) throw damaged(`two entries are called ${quote(name)}`);
    entries.set(name, { name, method, isEncrypted, crc32, packed, size, start: starts.get(record)! });
  }
  return entries;
}

/** Where a directory is. */
interface Place {
  count: number;
  size: number;
  offset: number;
  /** Where what follows it begins. */
  end: number;
}

/** How many entries the directory has, where it lies, and what follows it. */
async function findDirectory(file: ByteFile): Promise<Place> {
  const tail = await bytesAt(
    file,
    Math.max(0, file.size - END_LENGTH - LONGEST),
    Math.min(file.size, END_LENGTH + LONGEST),
  );
  let at = tail.length - END_LENGTH;
  while (at >= 0 && !(u32(tail, at) === END && u16(tail, at + 20) === tail.length - at - END_LENGTH)) at--;
  if (at < 0) throw truncated();
  const record = tail.subarray(at);
  const position = file.size - tail.length + at;
  const small = { count: u16(record, 10), size: u32(record, 12), offset: u32(record, 16) };
  const large = await readLarge(file, position - LOCATOR_LENGTH);
  if (!large) return { ...small, end: position };
  const agree = (one: number, other: number, elsewhere: number) => one === elsewhere || one === other;
  if (
    !agree(small.count, large.count, LONGEST) ||
    !agree(small.size, large.size, ELSEWHERE) ||
    !agree(small.offset, large.offset, ELSEWHERE)
  ) {
    throw damaged("its two ends disagree");
  }
  return large;
}

/** The 64-bit end record, where there is one. */
async function readLarge(file: ByteFile, position: number): Promise<Place | undefined> {
  if (position < 0) return undefined;
  const locator = await bytesAt(file, position, LOCATOR_LENGTH);
  if (u32(locator, 0) !== LOCATOR64) return undefined;
  const end = u64(locator, 8);
  if (end + END64_LENGTH > position) throw truncated();
  const record = await bytesAt(file, end, END64_LENGTH);
  if (u32(record, 0) !== END64 || end + 12 + u64(record, 4) !== position) throw damaged("its end is none");
  return { count: u64(record, 32), size: u64(record, 40), offset: u64(record, 48), end };
}

function parseDirectory(bytes: Uint8Array, fileSize: number): Found[] {
  const found: Found[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 46 > bytes.length || u32(bytes, at) !== CENTRAL) throw damaged("its directory has a gap");
    const nameEnd = at + 46 + u16(bytes, at + 28);
    const extraEnd = nameEnd + u16(bytes, at + 30);
    const next = extraEnd + u16(bytes, at + 32);
    if (next > bytes.length) throw damaged("its directory is cut off");
    const raw = bytes.subarray(at + 46, nameEnd);
    const flags = u16(bytes, at + 8);
    // In the order in which their 64-bit forms stand in the extra field.
    const [size, packed, offset] = numbers64(
      [u32(bytes, at + 24), u32(bytes, at + 20), u32(bytes, at + 42)],
      bytes.subarray(nameEnd, extraEnd),
    ) as [number, number, number];
    const name = utf8OrLatin1(raw);
    if (offset + packed > fileSize) throw truncated();
    const method = u16(bytes, at + 10);
    if (method === 0 && size !== packed) throw damaged(`${quote(name)} has two sizes`);
    const isEncrypted = (flags & ENCRYPTED) !== 0;
    found.push({ name, raw, flags, method, isEncrypted, crc32: u32(bytes, at + 16), packed, size, offset });
    at = next;
  }
  return found;
}

function numbers64(numbers: readonly number[], extra: Uint8Array): number[] {
  if (!numbers.includes(ELSEWHERE)) return [...numbers];
  for (let at = 0; at + 4 <= extra.length; ) {
    const field = extra.subarray(at + 4, at + 4 + u16(extra, at + 2));
    if (u16(extra, at) !== 1) {
      at += 4 + u16(extra, at + 2);
      continue;
    }
    let next = 0;
    return numbers.map((number) => {
      if (number !== ELSEWHERE) return number;
      if (next + 8 > field.length) throw damaged("a 64-bit size is missing");
      next += 8;
      return u64(field, next - 8);
    });
  }
  return [...numbers];
}

/** Where the contents of each entry begin; the entries must fill the file up to the directory. */
async function checkHeaders(file: ByteFile, found: readonly Found[], directory: number): Promise<Map<Found, number>> {
  const starts = new Map<Found, number>();
  const ordered = [...found].sort((a, b) => a.offset - b.offset);
  const head = new Uint8Array(30 + LONGEST);
  for (const [index, entry] of ordered.entries()) {
    const { offset, raw, packed, name } = entry;
    const end = ordered[index + 1]?.offset ?? directory;
    if (index === 0 && offset > 0) throw damaged("bytes before its first entry");
    const length = 30 + raw.length;
    if (offset + length > end) throw overlap(name);
    const header = head.subarray(0, length);
    const ready = file.ready(offset, length);
    if (ready) await ready;
    file.readSync(header, offset);
    if (u32(header, 0) !== LOCAL) throw damaged(`${quote(name)} is not where it should be`);
    if (!agrees(header, entry)) throw damaged(`${quote(name)} says otherwise than the directory`);
    const start = offset + length + u16(header, 28);
    if (start + packed > end) throw overlap(name);
    if (!(await endsAt(file, entry, start + packed, end)))
      throw damaged(`bytes after ${quote(name)} that are nobody's`);
    starts.set(entry, start);
  }
  return starts;
}

const overlap = (name: string) =>
  new CheckpointError("corrupt", `its entries overlap (${quote(name)} and the next one): get the file anew`);

/** Whether an entry's own header says what the directory says. */
function agrees(header: Uint8Array, { raw, flags, method, crc32, packed, size }: Found): boolean {
  const described = u16(header, 6) & DESCRIBED;
  const is = (at: number, expected: number, elsewhere: number) => {
    const said = u32(header, at);
    return said === expected || said === elsewhere || (described !== 0 && said === 0);
  };
  return (
    ((u16(header, 6) ^ flags) & (ENCRYPTED | DESCRIBED)) === 0 &&
    u16(header, 8) === method &&
    is(14, crc32, crc32) &&
    is(18, packed, ELSEWHERE) &&
    is(22, size, ELSEWHERE) &&
    u16(header, 26) === raw.length &&
    equal(header.subarray(30), raw)
  );
}

/** Whether between an entry's contents and `end` there is but its description, where it has one. */
function endsAt(
  file: ByteFile,
  { flags, crc32, packed, size }: Found,
  at: number,
  end: number,
): boolean | Promise<boolean> {
  const length = end - at;
  // PyTorch leaves out that of empty entries.
  if (length === 0) return (flags & DESCRIBED) === 0 || size === 0;
  if ((flags & DESCRIBED) === 0 || ![12, 16, 20, 24].includes(length)) return false;
  return bytesAt(file, at, length).then((bytes) => describes(bytes, { crc32, packed, size }));
}

function describes(bytes: Uint8Array, { crc32, packed, size }: Pick<Found, "crc32" | "packed" | "size">): boolean {
  const signed = bytes.length % 8 === 0;
  if (signed && u32(bytes, 0) !== DESCRIPTOR) return false;
  const fields = bytes.subarray(signed ? 4 : 0);
  const [a, b] = fields.length === 12 ? [u32(fields, 4), u32(fields, 8)] : [u64(fields, 4), u64(fields, 12)];
  return u32(fields, 0) === crc32 && a === packed && b === size;
}
