import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileServer, serve, temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { createSegmenter, DEMO_MODEL, type DownloadEvent, type PipelineEvent } from "../../src/index.ts";

it("createSegmenter tells its caller how far the downloads of its weights are", async () => {
  // The weights that come along, under the names of MIT's.
  const files = ["encoder", "decoder"].map((half) =>
    readFileSync(join(DEMO_MODEL.set.DIR, `${half}_epoch_1.safetensors`)),
  );
  const { address, requests } = await fileServer(...files.map((content) => serve(content)));
  const cache = temporaryFolder();
  const events: PipelineEvent[] = [];
  const options = {
    config: DEMO_MODEL.config,
    backend: "wasm" as const,
    mirror: address,
    env: { XDG_CACHE_HOME: cache },
    onProgress: (event: PipelineEvent) => void events.push(event),
  };
  (await createSegmenter(options)).dispose();

  expect(requests.map(({ url }) => url)).toEqual(
    ["encoder", "decoder"].map((half) => `/ade20k-mobilenetv2dilated-c1_deepsup/${half}_epoch_20.pth`),
  );
  const downloads = events as DownloadEvent[];
  expect(new Set(downloads.map(({ type }) => type))).toEqual(new Set(["download"]));
  for (const [i, content] of files.entries()) {
    const own = downloads.filter(({ url }) => url === `${address}${requests[i]!.url}`);
    expect(own[0]).toMatchObject({ received: 0, total: undefined });
    expect(own.at(-1)).toMatchObject({ received: content.length, total: content.length });
    expect(own.map(({ received }) => received)).toEqual(own.map(({ received }) => received).sort((a, b) => a - b));
    expect(own.every(({ file }) => file.startsWith(cache))).toBe(true);
  }

  // What is in the cache is not downloaded again.
  events.length = 0;
  (await createSegmenter(options)).dispose();
  expect([events, requests.length]).toEqual([[], 2]);
});
