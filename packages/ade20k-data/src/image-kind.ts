import { extname } from "node:path";

/** What a file is by its first bytes. */
export interface ImageKind {
  /** The format's name. */
  name: string;
  /** Whether {@link decodeImage} reads it. */
  isRead: boolean;
}

/** So many bytes tell the format. */
export const HEAD_BYTES = 64;

/** Formats that are read, by their names. */
export const READ_FORMATS: readonly string[] = ["JPEG", "PNG", "WebP", "AVIF", "TIFF", "GIF", "BMP"];

/** Extensions of the formats that are read: such a file is meant as an image, whatever it holds. */
const READ_EXTENSION = /\.(jpe?g|jpe|jfif|png|apng|webp|avif|tiff?|gif|bmp|dib)$/i;
/** Cameras' own files, most of which begin as a TIFF does and hold a small preview where a TIFF has its image. */
const RAW_EXTENSION =
  /\.(3fr|arw|cr2|cr3|crw|dcr|dng|erf|iiq|kdc|mef|mos|mrw|nef|nrw|orf|pef|raf|raw|rw2|rwl|sr2|srf|srw|x3f)$/i;
const RAW = "a camera's raw file";

/** Beginnings in hexadecimal digits, and what they are. */
const SIGNATURES: readonly [RegExp, string][] = [
  [/^ffd8ff/, "JPEG"],
  [/^89504e470d0a1a0a/, "PNG"],
  [/^52494646.{8}57454250/, "WebP"],
  [/^47494638(37|39)61/, "GIF"],
  // Canon's, Panasonic's, Olympus's, Fujifilm's, Sigma's, Minolta's, Canon's newer one.
  [
    /^(49492a00.{8}4352|49495500|4949(524f|5253)|46554a4946494c4d4343442d524157|464f5662|004d524d|.{8}6674797063727820)/,
    RAW,
  ],
  [/^(49492a00|4d4d002a|49492b00|4d4d002b)/, "TIFF"],
  // With a size of the second header that there is, because text may begin with BM too.
  [/^424d.{24}(0c|10|28|34|38|40|6c|7c)000000/, "BMP"],
  // Boxes of types ftyp avif, avis; heic, heix, heim, heis, hevc, hevx, mif1, msf1.
  [/^.{8}667479706176(6966|6973)/, "AVIF"],
  [/^.{8}66747970(686569[63786d73]{2}|68657663|68657678|6d696631|6d736631)/, "HEIC"],
  [/^(0000000c6a5020200d0a870a|ff4fff51)/, "JPEG 2000"],
  [/^(ff0a|0000000c4a584c200d0a870a)/, "JPEG XL"],
  [/^4949bc01/, "JPEG XR"],
  [/^38425053/, "Photoshop"],
  [/^67696d7020786366/, "GIMP"],
  [/^762f3101/, "OpenEXR"],
  [/^233f5(2414449414e4345|24742450)/, "Radiance HDR"],
  [/^(0000(01|02)00(?!00)..00|69636e73)/, "an icon"],
  [/^44445320/, "DDS"],
  [/^503[1-7](0a|0d|20|09)/, "PNM"],
  [/^0a0[0-5]010[1248]/, "PCX"],
  [/^01da0[01]0[12]/, "SGI"],
  [/^53494d504c4520203d/, "FITS"],
  [/^425047fb/, "BPG"],
  [/^716f6966/, "QOI"],
];

/** Extensions of pictures without a signature of their own. */
const OTHERS: readonly [RegExp, string][] = [
  [RAW_EXTENSION, RAW],
  [/\.(heic|heif|hif)$/i, "HEIC"],
  [/\.(tga|targa)$/i, "Targa"],
  [/\.svgz?$/i, "SVG"],
  [/\.(dcm|dicom)$/i, "DICOM"],
  [/\.(jp2|j2k|jpf|jpx)$/i, "JPEG 2000"],
];

/**
 * What an image file is, by its contents; by its name where they do not tell.
 *
 * @param head - its first {@link HEAD_BYTES} bytes, or more.
 * @param path - its name, if it has one.
 * @returns undefined for what is no image.
 */
export function imageKind(head: Uint8Array, path = ""): ImageKind | undefined {
  const start = Buffer.from(head.subarray(0, HEAD_BYTES)).toString("hex");
  const found = SIGNATURES.find(([signature]) => signature.test(start))?.[1];
  // MIF1 is a container for several codings, of which AV1 is one.
  const isAvif = found === "HEIC" && start.includes("61766966");
  const isRaw = found === "TIFF" && RAW_EXTENSION.test(path);
  const name = isAvif ? "AVIF" : isRaw ? RAW : (found ?? OTHERS.find(([extension]) => extension.test(path))?.[1]);
  return name === undefined ? undefined : { name, isRead: READ_FORMATS.includes(name) };
}

/** Whether a file's name says that it is an image of a format that is read. */
export function isNamedImage(path: string): boolean {
  return READ_EXTENSION.test(extname(path));
}
