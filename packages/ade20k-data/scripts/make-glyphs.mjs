// Draws the characters that legends may hold and writes them to src/glyphs.ts, so that a legend needs no font where it is made.
// Run by hand on a machine that has DejaVu Sans; the file it writes is committed.
import { writeFileSync } from "node:fs";
import { encode } from "fast-png";
import sharp from "sharp";

const FONT = "DejaVu Sans";
const SIZE = 15;
const HEIGHT = 20;
const BASELINE = 15;
// Every cell keeps one pixel on both sides for strokes that overhang.
const MARGIN = 1;
const RANGES = [
  [0x20, 0x7e],
  [0xa1, 0x17f],
  [0x391, 0x3a1],
  [0x3a3, 0x3c9],
  [0x401, 0x401],
  [0x410, 0x44f],
  [0x451, 0x451],
];

const escapeXml = (text) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

async function textWidth(text) {
  const { info } = await sharp({ text: { text: escapeXml(text), font: `${FONT} ${SIZE}`, dpi: 72 } })
    .png()
    .toBuffer({ resolveWithObject: true });
  return info.width;
}

async function draw(char, width) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}"><rect width="100%" height="100%"/>
    <text x="${MARGIN}" y="${BASELINE}" font-family="${FONT}" font-size="${SIZE}" fill="white" xml:space="preserve">${escapeXml(char)}</text></svg>`;
  return sharp(Buffer.from(svg)).toColourspace("b-w").raw().toBuffer();
}

const chars = RANGES.flatMap(([first, last]) =>
  Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i)),
);
const bars = await textWidth("||");
const glyphs = [];
for (const char of chars) {
  const advance = (await textWidth(`|${char}|`)) - bars;
  glyphs.push({ char, advance, pixels: await draw(char, advance + 2 * MARGIN) });
}

// All cells in one row of 4-bit grey.
const width = Math.ceil(glyphs.reduce((sum, { advance }) => sum + advance + 2 * MARGIN, 0) / 2) * 2;
const data = new Uint8Array((width / 2) * HEIGHT);
let left = 0;
for (const { advance, pixels } of glyphs) {
  const cell = advance + 2 * MARGIN;
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < cell; x++) {
      const column = left + x;
      data[(y * width + column) >> 1] |= Math.round(pixels[y * cell + x] / 17) << (column % 2 ? 0 : 4);
    }
  }
  left += cell;
}
const png = Buffer.from(encode({ width, height: HEIGHT, data, depth: 4, channels: 1 }, { zlib: { level: 9 } }));

writeFileSync(
  new URL("../src/glyphs.ts", import.meta.url),
  `// Written by scripts/make-glyphs.mjs: ${FONT} (Bitstream Vera licence, DejaVu changes in the public domain) at ${SIZE} pixels.

/** The pictures of some characters: one row of cells in a 4-bit grey PNG, each cell \`advances\` wide plus a margin on both sides. */
export const GLYPHS = {
  height: ${HEIGHT},
  margin: ${MARGIN},
  chars: ${JSON.stringify(chars.join(""))},
  /** Widths in pixels, a digit in base 36 each. */
  advances: "${glyphs.map(({ advance }) => advance.toString(36)).join("")}",
  png: "${png.toString("base64")}",
};
`,
);
console.log(`${chars.length} characters, ${png.length} bytes`);
