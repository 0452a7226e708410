import { keepOffline } from "./offline.ts";
import { startPage } from "./page.ts";

// The engine is some megabytes: it comes with the first photo.
startPage(async (options) => {
  const { createSegmenter } = await import("#segmenter");
  return createSegmenter(options);
});
keepOffline();
