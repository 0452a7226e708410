import { isUtf8 } from "node:buffer";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import pMap from "p-map";
import { DataError } from "./errors.ts";
import { HEAD_BYTES, imageKind, isNamedImage, READ_FORMATS } from "./image-kind.ts";
import { readingError } from "./read-bytes.ts";

/** Files that were left out for one reason. */
export interface LeftOut {
  /** Why: `JPEG 2000, which is not read`. */
  reason: string;
  /** Their paths, sorted. */
  files: string[];
}

/** What a folder holds. */
export interface FoundImages {
  /** Paths of the images, sorted. */
  images: string[];
  /** Pictures that cannot be read. */
  leftOut: LeftOut[];
  /** How many other files there are: hidden ones, texts, all that is no picture. */
  others: number;
}

/** What systems put beside photos: hidden files and folders, archives' and servers' copies of them. */
const NOT_THE_USERS = /^(\..*|__MACOSX|@eaDir|\$RECYCLE\.BIN|System Volume Information)$/;

/**
 * The images at a path: the file itself, whatever it is, or every image in the folder and its subfolders. What is an image is told by its
 * contents, not its name; one whose name says so is listed whatever it holds, so that its reader names what is wrong with it. Hidden files
 * and folders are skipped; links are followed, each folder once. Pipes, devices and sockets are left out.
 *
 * @returns the images, and what was left out and why.
 * @throws {DataError} `not-found`, `unreadable`, or `no-images` for a folder that holds none.
 *
 * @example
 * ```ts
 * import { mkdir, writeFile } from "node:fs/promises";
 * import { basename } from "node:path";
 * import { blankImage, findImages, writeImage } from "@seg/ade20k-data";
 *
 * await mkdir("found", { recursive: true });
 * await writeImage("found/sea.png", blankImage(2, 2));
 * await writeFile("found/notes.txt", "taken in May");
 * const { images, others } = await findImages("found");
 * console.log(images.map((path) => basename(path)), others); // [ 'sea.png' ] 1
 * ```
 */
export async function findImages(path: string): Promise<FoundImages> {
  const files: string[] = [];
  const visited = new Set<string>();
  let others = 0;

  const unlisted: { file: string; reason: string }[] = [];
  const visit = async (folder: string): Promise<void> => {
    const real = await realpath(folder);
    if (visited.has(real)) return;
    visited.add(real);
    // As bytes: of a name that is no text, the text leads nowhere.
    for (const entry of await readdir(folder, { withFileTypes: true, encoding: "buffer" })) {
      const bytes = entry.name as unknown as Buffer;
      const name = bytes.toString();
      const full = join(folder, name);
      // A link that leads nowhere counts as a file: its reader reports it by name.
      const target = entry.isSymbolicLink() ? await stat(full).catch(() => entry) : entry;
      const isFile = target.isFile() || target.isSymbolicLink();
      if (NOT_THE_USERS.test(name)) others += isFile ? 1 : 0;
      else if (!isUtf8(bytes)) unlisted.push({ file: full, reason: "names that are not UTF-8" });
      else if (target.isDirectory()) await visit(full).catch(rethrowAt(full));
      else if (isFile) files.push(full);
      else if (isNamedImage(name)) unlisted.push({ file: full, reason: "pipes, devices and sockets" });
      else others++;
    }
  };

  try {
    if (!(await stat(path)).isDirectory()) return { images: [path], leftOut: [], others: 0 };
  } catch (error) {
    throw readingError(path, error as NodeJS.ErrnoException);
  }
  await visit(path).catch(rethrowAt(path));
  files.sort((a, b) => (a < b ? -1 : 1));
  const kinds = await pMap(files, kindOf, { concurrency: 32 });
  const images = files.filter((_, i) => kinds[i] === IMAGE);
  const unread = files.flatMap((file, i) => (typeof kinds[i] === "string" ? [{ file, kind: kinds[i] as string }] : []));
  const leftOut = leftOutFor([
    ...unread.map(({ file, kind }) => ({ file, reason: `${kind}, which is not read` })),
    ...unlisted,
  ]);
  others += files.length - images.length - unread.length;
  if (images.length === 0) throw noImages(path, leftOut, others);
  return { images, leftOut, others };
}

/** Names the innermost folder that cannot be read. */
function rethrowAt(folder: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof DataError ? error : readingError(folder, error as NodeJS.ErrnoException);
  };
}

/**
 * The paths alone that {@link findImages} gives.
 *
 * @example
 * ```ts
 * import { mkdir } from "node:fs/promises";
 * import { basename } from "node:path";
 * import { blankImage, listImages, writeImage } from "@seg/ade20k-data";
 *
 * await mkdir("listed/2024", { recursive: true });
 * for (const path of ["listed/sea.png", "listed/2024/lake.png"]) await writeImage(path, blankImage(2, 2));
 * console.log((await listImages("listed")).map((path) => basename(path))); // [ 'lake.png', 'sea.png' ]
 * ```
 */
export async function listImages(path: string): Promise<string[]> {
  return (await findImages(path)).images;
}

/** What was left out, grouped by the reasons. */
export function leftOutFor(files: readonly { file: string; reason: string }[]): LeftOut[] {
  const groups = new Map<string, string[]>();
  for (const { file, reason } of files) {
    const group = groups.get(reason);
    if (group) group.push(file);
    else groups.set(reason, [file]);
  }
  return Array.from(groups, ([reason, group]) => ({ reason, files: group }));
}

/** How many names a line shows. */
const SHOWN = 3;

/**
 * What was left out and why, as one line with the first names; undefined where nothing was.
 *
 * @example
 * ```ts
 * import { describeLeftOut } from "@seg/ade20k-data";
 *
 * const leftOut = [{ reason: "photos without a label", files: ["photos/sea.jpg", "photos/lake.jpg"] }];
 * console.log(describeLeftOut(leftOut)); // Left out: photos without a label (2: sea.jpg, lake.jpg).
 * ```
 */
export function describeLeftOut(leftOut: readonly LeftOut[]): string | undefined {
  return leftOut.length === 0 ? undefined : `Left out: ${leftOut.map(describe).join("; ")}.`;
}

function describe({ reason, files }: LeftOut): string {
  const names = files.slice(0, SHOWN).map((file) => basename(file));
  return `${reason} (${files.length}: ${names.join(", ")}${files.length > SHOWN ? ", …" : ""})`;
}

const IMAGE = Symbol("an image");

/** IMAGE for what is to be read, a format's name for a picture that cannot be, undefined for what is none. */
async function kindOf(path: string): Promise<typeof IMAGE | string | undefined> {
  const kind = imageKind(await headOf(path), path);
  if (kind && !kind.isRead) return kind.name;
  return kind || isNamedImage(path) ? IMAGE : undefined;
}

const NOTHING = { buffer: Buffer.alloc(0), bytesRead: 0 };

/** A file's first bytes; none where it cannot be read, which its reader reports if its name makes it an image. */
async function headOf(path: string): Promise<Uint8Array> {
  const file = await open(path).catch(() => undefined);
  try {
    const { buffer, bytesRead } = (await file?.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)) ?? NOTHING;
    return buffer.subarray(0, bytesRead);
  } catch {
    return NOTHING.buffer;
  } finally {
    await file?.close();
  }
}

function noImages(path: string, leftOut: readonly LeftOut[], others: number): DataError {
  const found = [
    ...leftOut.map(describe),
    ...(others > 0 ? [`${others} other ${others === 1 ? "file" : "files"}`] : []),
  ];
  return new DataError(
    "no-images",
    {
      expected: `images (${READ_FORMATS.join(", ")}) in ${path}`,
      but: `found none${found.length > 0 ? ` among ${found.join("; ")}` : ""}`,
      hint: "name a folder that holds some",
    },
    { data: { file: path } },
  );
}
