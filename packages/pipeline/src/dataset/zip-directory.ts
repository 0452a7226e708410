import { type Entry, getFileNameLowLevel, type LocalFileHeader, type ZipFile } from "yauzl";

/** What is wrong with a zip, in our own words. */
export class ZipProblem extends Error {}

/** What a zip may hold at most. */
export interface ZipLimits {
  /** Files and folders. */
  entries?: number;
  /** Bytes of all names, comments and additions of the directory, which is held in memory. */
  directory?: number;
  /** Bytes of all files unpacked. */
  unpacked?: number;
  /** How many times as large as packed a file over a megabyte may be; photos and labels are no more than 30. */
  ratio?: number;
}

/** The limits unless given. ADE20K's zip holds 44,430 entries, whose names and additions are some 4 MB. */
const ZIP_LIMITS: Required<ZipLimits> = { entries: 60_000, directory: 16e6, unpacked: 16e9, ratio: 200 };

/** Files that are small enough to be packed at any ratio. */
const SMALL = 1e6;

/**
 * The files that a zip's directory names, in the order of their places, once all of it is known to be in order: limits, names, kinds, each
 * name once, no file within another one's bytes. Nothing of the files themselves is read.
 *
 * @param zip - opened without `decodeStrings`, by which yauzl would make comments of pieces that take thirty times their bytes.
 * @throws {ZipProblem} with what is wrong, and yauzl's own.
 */
export async function readDirectory(zip: ZipFile, limits: ZipLimits = {}): Promise<Entry[]> {
  const { entries: mostEntries, directory, unpacked, ratio } = { ...ZIP_LIMITS, ...limits };
  if (zip.entryCount > mostEntries)
    throw new ZipProblem(`it holds ${zip.entryCount} entries, more than ${mostEntries}`);
  const entries: Entry[] = [];
  let held = 0;
  let total = 0;
  for await (const entry of zip.eachEntry()) {
    held += entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
    if (held > directory) throw new ZipProblem(`its directory is larger than ${directory} bytes`);
    const { generalPurposeBitFlag, fileNameRaw, extraFields } = entry;
    entry.fileName = getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, true);
    checkName(entry.fileName);
    checkKind(entry);
    if (!entry.canDecodeFileData())
      throw new ZipProblem(`its entry ${entry.fileName} is encrypted or packed in an unknown way`);
    const { compressedSize, uncompressedSize } = entry;
    total += uncompressedSize;
    if (total > unpacked) throw new ZipProblem(`it holds more than ${unpacked} bytes unpacked`);
    if (uncompressedSize > SMALL && uncompressedSize > compressedSize * ratio) {
      throw new ZipProblem(
        `its entry ${entry.fileName} is ${uncompressedSize} bytes in ${compressedSize}, as no photo is packed`,
      );
    }
    entries.push(entry);
  }
  checkTwice(entries);
  entries.sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  checkPlaces(entries, zip.fileSize);
  return entries.filter(({ fileName }) => !fileName.endsWith("/"));
}

/** Names that Windows gives to devices, whatever follows the first dot. */
const DEVICE = /^(con|prn|aux|nul|(com|lpt)[\d¹²³]|conin\$|conout\$)[ ]*(\.|$)/i;

/** @throws {ZipProblem} for a name that leads elsewhere, or is another one, on some system. */
function checkName(name: string): void {
  const parts = name.replace(/\/$/, "").split("/");
  const isBad = (part: string) =>
    /^\.{0,2}$|[\p{Cc}\\:*?"<>|]|[ .]$/u.test(part) || DEVICE.test(part) || part.length > 255;
  if (parts.some(isBad)) throw new ZipProblem(`its entry ${name} has an invalid name`);
}

/** @throws {ZipProblem} for what is neither file nor folder. */
function checkKind({ fileName, versionMadeBy, externalFileAttributes, uncompressedSize }: Entry): void {
  const isUnix = versionMadeBy >>> 8 === 3;
  const kind = isUnix ? (externalFileAttributes >>> 28) & 0xf : 0;
  if (![0, FILE, FOLDER].includes(kind)) throw new ZipProblem(`its entry ${fileName} is a link or a device`);
  const isFolder = fileName.endsWith("/");
  if ((kind === FOLDER && !isFolder) || (kind === FILE && isFolder) || (isFolder && uncompressedSize > 0)) {
    throw new ZipProblem(`its entry ${fileName} is a file and a folder`);
  }
}

// The upper four bits of a Unix mode.
const FILE = 0o10;
const FOLDER = 0o4;

/** @throws {ZipProblem} for two entries whose names some systems take for one, or a file that another one has as its folder. */
function checkTwice(entries: readonly Entry[]): void {
  const key = (name: string) => name.normalize("NFC").toLowerCase();
  const files = new Set<string>();
  for (const { fileName } of entries) {
    if (fileName.endsWith("/")) continue;
    if (files.has(key(fileName))) throw new ZipProblem(`its entry ${fileName} stands there twice`);
    files.add(key(fileName));
  }
  const folders = new Set<string>();
  for (const { fileName } of entries) {
    for (let at = key(fileName).lastIndexOf("/"); at > 0; at = key(fileName).lastIndexOf("/", at - 1)) {
      const folder = key(fileName).slice(0, at);
      if (folders.has(folder)) break;
      if (files.has(folder)) throw new ZipProblem(`its entry ${fileName} lies in a file`);
      folders.add(folder);
    }
  }
}

/** The bytes of a local header before the name. */
const HEADER = 30;

/** @throws {ZipProblem} where files share bytes, by which a small zip could hold any number of large ones. */
function checkPlaces(entries: readonly Entry[], size: number): void {
  for (const [i, { fileName, relativeOffsetOfLocalHeader, fileNameLength, compressedSize }] of entries.entries()) {
    const end = relativeOffsetOfLocalHeader + HEADER + fileNameLength + compressedSize;
    if (end > (entries[i + 1]?.relativeOffsetOfLocalHeader ?? size)) {
      throw new ZipProblem(`its entry ${fileName} reaches into what follows`);
    }
  }
}

/** Bits of the flags: the sizes and checksum come after the data; the name is UTF-8. */
const AFTERWARDS = 8;

/**
 * @throws {ZipProblem} where what stands before a file's data is not what the directory says of it; readers that go by one or the other would
 *   find different files.
 */
export function checkHeader(entry: Entry, header: LocalFileHeader): void {
  const known = [entry.compressionMethod, entry.generalPurposeBitFlag & 1, entry.fileNameRaw.toString("latin1")];
  const told = [header.compressionMethod, header.generalPurposeBitFlag & 1, header.fileName.toString("latin1")];
  const sizes = [entry.crc32, entry.compressedSize, entry.uncompressedSize];
  const toldSizes = [header.crc32, header.compressedSize, header.uncompressedSize];
  const same = (a: readonly unknown[], b: readonly unknown[]) => a.every((value, i) => value === b[i]);
  // With sizes of 64 bits the header holds all ones in their place.
  const hasSizes = !(header.generalPurposeBitFlag & AFTERWARDS) && !toldSizes.slice(1).includes(0xffffffff);
  if (same(known, told) && (!hasSizes || same(sizes, toldSizes))) return;
  throw new ZipProblem(`its entry ${entry.fileName} is not what its directory says`);
}
