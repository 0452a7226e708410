import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";
import { serveFolder } from "@seg/testing/browser";
import { encode } from "fast-png";
import type { Page } from "playwright-core";
import { build } from "vite";
import { pageConfig } from "../../vite.config.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The segmenter that the published page has. */
export const REAL = here("../../src/index.ts");

/** Builds the page, with the segmenter of tests unless another one is given, and serves it under a sub-path. */
export async function buildSite(segmenter = here("./fake-segmenter.ts")) {
  const folder = await mkdtemp(join(tmpdir(), "seg-page-"));
  await build({ ...pageConfig({ segmenter, outDir: join(folder, "page") }), configFile: false });
  return {
    folder,
    serve: (options?: Parameters<typeof serveFolder>[1]) =>
      serveFolder({ "/some/where/": join(folder, "page") }, options),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A file to give to the page. */
export const file = (name: string, buffer: Buffer, mimeType = "image/png") => ({ name, mimeType, buffer });

/** A grey photo of 200×100; `flat…` names give it bands of 40, 30, 15, 10 and 5 rows. */
export function grey(name: string) {
  const [width, height] = [200, 100];
  const data = new Uint8Array(3 * width * height).fill(100);
  return file(name, Buffer.from(encode({ data, width, height, depth: 8, channels: 3 })));
}

/** A PNG of any size, one bit a pixel, all black: small as a file, however large as a picture. */
export function vastPng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const rows = Buffer.alloc((Math.ceil(width / 8) + 1) * height);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Waits until the current photo has its result. */
export const waitForResult = (page: Page) => page.locator("#panel:not([hidden]):not(.is-waiting)").waitFor();

/** The stage's colour where the photo has this pixel: `x`, `y` from 0 to 1 of the fitted picture. */
export async function colorAt(page: Page, x: number, y: number): Promise<number[]> {
  return page.evaluate(
    async ([x, y]) => {
      // Two frames: what was asked for is painted with the next one.
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const canvas = document.querySelector<HTMLCanvasElement>("#stage")!;
      // The grey photo is 2:1, fits by its width, and has a margin of 24 on wide stages.
      const scale = Math.min((canvas.width - 48) / 200, (canvas.height - 48) / 100, 4);
      const left = (canvas.width - 200 * scale) / 2 + x! * 200 * scale;
      const top = (canvas.height - 100 * scale) / 2 + y! * 100 * scale;
      return [...canvas.getContext("2d")!.getImageData(Math.round(left), Math.round(top), 1, 1).data.slice(0, 3)];
    },
    [x, y],
  );
}
