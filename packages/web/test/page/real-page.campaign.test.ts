import { readFile } from "node:fs/promises";
import { createSegmenter } from "@seg/pipeline";
import { DEMO_MODEL } from "@seg/pipeline/config";
import { startBrowser, unlessChromium } from "@seg/testing/browser";
import { decode } from "fast-png";
import { expect, it } from "vitest";
import { buildSite, REAL, waitForResult } from "./site.ts";

it.skipIf(unlessChromium).each([{ isolated: false }, { isolated: true }])(
  `the page as it is published gives a photo the labels that Node gives it, without a word to any other server, cross-origin isolated: $isolated${unlessChromium}`,
  async ({ isolated }) => {
    const photo = new URL("../../../pipeline/demo/china.jpg", import.meta.url);
    const segmenter = await createSegmenter({ config: DEMO_MODEL.config, set: DEMO_MODEL.set, backend: "wasm" });
    const expected = await segmenter.segment(await readFile(photo));
    segmenter.dispose();

    const [browser, site] = await Promise.all([startBrowser(), buildSite(REAL)]);
    const server = await site.serve({ isolated });
    try {
      const page = await browser.newPage();
      const elsewhere: string[] = [];
      page.on("request", (request) => {
        if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(server.url))
          elsewhere.push(request.url());
      });
      await page.goto(`${server.url}some/where/`);
      await page.setInputFiles("#photo-files", {
        name: "china.jpg",
        mimeType: "image/jpeg",
        buffer: await readFile(photo),
      });
      await waitForResult(page);
      const [saved] = await Promise.all([page.waitForEvent("download"), page.click("#download-labels")]);
      const { data, width, height } = decode(await readFile(await saved.path()));
      expect([width, height]).toEqual([expected.width, expected.height]);
      // Files hold index + 1.
      const differing = Array.from(expected.labels).filter((label, i) => data[i] !== label + 1);
      expect(differing.length).toBe(0);
      expect(elsewhere).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
      await site.remove();
    }
  },
);
