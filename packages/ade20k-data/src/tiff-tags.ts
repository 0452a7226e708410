/** Numbers of the tags that are looked at. */
const TAGS = {
  254: "subfileType",
  258: "bits",
  259: "compression",
  262: "photometric",
  277: "samples",
  284: "planar",
  529: "coefficients",
  530: "subsampling",
  532: "blackWhite",
  50706: "dngVersion",
} as const;

/** Values of a TIFF's tags; what the file does not say is undefined. */
export type TiffTags = { [Name in (typeof TAGS)[keyof typeof TAGS]]?: number[] };

const SIZES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 5: 8, 16: 8 };

/** The tags of a TIFF's first image that change what its pixels mean; none where the file is damaged, which its decoder tells. */
export function tiffTags(bytes: Uint8Array): TiffTags {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const u16 = (at: number) => view.getUint16(at, little);
  const u32 = (at: number) => view.getUint32(at, little);
  const u64 = (at: number) => Number(view.getBigUint64(at, little));
  const tags: TiffTags = {};
  try {
    const isBig = u16(2) === 43;
    const offset = isBig ? u64 : u32;
    const [start, entry, inline] = isBig ? [offset(8), 20, 8] : [offset(4), 12, 4];
    const first = start + (isBig ? 8 : 2);
    const count = isBig ? u64(start) : u16(start);
    for (let i = 0; i < count; i++) {
      const at = first + i * entry;
      const name = TAGS[u16(at) as keyof typeof TAGS];
      if (!name) continue;
      const type = u16(at + 2);
      const size = SIZES[type];
      // No tag of these has more values.
      const length = Math.min(offset(at + 4), 6);
      if (!size) continue;
      const valueAt = at + 4 + (isBig ? 8 : 4);
      const from = size * length > inline ? offset(valueAt) : valueAt;
      tags[name] = Array.from({ length }, (_, k) => {
        const place = from + k * size;
        if (type === 5) return u32(place) / u32(place + 4);
        return size === 1 ? view.getUint8(place) : size === 2 ? u16(place) : size === 4 ? u32(place) : u64(place);
      });
    }
  } catch {
    // Beyond the file's end.
  }
  return tags;
}
