import { readFileSync } from "node:fs";
import { startEngine } from "@seg/backend";
import { childrenOf, forkFromSource } from "@seg/testing/node";
import { thorough } from "@seg/testing/thorough";
import { beforeAll, describe, expect, it } from "vitest";
import type { PipelineEvent } from "../../src/events.ts";
import { absent, checkpoint, score } from "./camvid.ts";

beforeAll(forkFromSource);

const native = await startEngine("tensorflow").then(
  () => undefined,
  (error: Error) => error.message,
);

for (const [backend, lacking] of [
  ["tensorflow", absent ?? native],
  ["onnxruntime", absent],
] as const) {
  const why = lacking ? ` (skipped: ${lacking})` : "";
  describe.skipIf(lacking)(`Evaluation of all of CamVid on ${backend}${why}`, () => {
    const expected = (which: "val_ss" | "val_ms") =>
      JSON.parse(readFileSync(`${checkpoint}/expected.json`, "utf8"))[which];

    it("gives the original's scores with two workers of which one is killed, and the same integers alone", async () => {
      let killed = 0;
      const onProgress = (event: PipelineEvent) => {
        if (killed || event.type !== "score" || event.done < 30 || process.platform !== "linux") return;
        killed = childrenOf(process.pid)[0]!;
        process.kill(killed, "SIGKILL");
      };
      const notes: string[] = [];
      const log = (line: string) => notes.push(line);
      const two = await score({ backend, workers: 2, onProgress, log });
      const { mIoU, pixAcc, iou, n } = expected("val_ss");
      expect(two.images).toBe(n);
      expect(Math.abs(two.meanIou - mIoU)).toBeLessThan(5e-5);
      expect(Math.abs(two.pixelAccuracy - pixAcc)).toBeLessThan(5e-5);
      for (const [c, { iou: own }] of two.classes.entries()) expect(Math.abs(own - iou[c])).toBeLessThan(5e-5);

      // The photos around the death, which are shared out again, among them.
      const one = await score({ backend, workers: 1, limit: thorough ? n : 36 });
      expect(one.perImage).toEqual(two.perImage.slice(0, one.images));
      if (thorough) expect(one.confusion).toEqual(two.confusion);
      if (process.platform !== "linux") return;
      expect(killed).toBeGreaterThan(0);
      expect(notes).toContainEqual(
        expect.stringMatching(/^A worker died on .*\.jpg: it was killed by SIGKILL.* Another one takes its place\.$/),
      );
    });

    const sizes = { "DATASET.imgSizes": [240, 300, 360, 420] };
    // Two workers of one thread each waste less of two cores than one of two threads.
    const multiScale = { workers: 2, multiScale: true };
    if (backend === "onnxruntime" || thorough) {
      it("gives the original's scores at multiple scales", async () => {
        const { meanIou, pixelAccuracy, classes } = await score({ backend, ...multiScale }, sizes);
        const { mIoU, pixAcc, iou } = expected("val_ms");
        expect(Math.abs(meanIou - mIoU)).toBeLessThan(5e-5);
        expect(Math.abs(pixelAccuracy - pixAcc)).toBeLessThan(5e-5);
        for (const [c, { iou: own }] of classes.entries()) expect(Math.abs(own - iou[c])).toBeLessThan(1e-4);
      });
    } else {
      it("gives at multiple scales what onnxruntime gives, pixel by pixel but for a few in a million", async () => {
        const [own, other] = [
          await score({ backend, ...multiScale, limit: 6 }, sizes),
          await score({ backend: "onnxruntime", ...multiScale, limit: 6 }, sizes),
        ];
        expect(own.images).toBe(6);
        const counts = other.confusion.counts.flat();
        const apart = own.confusion.counts.flat().reduce((sum, count, i) => sum + Math.abs(count - counts[i]!), 0) / 2;
        // The bound that all photos' scores are held to.
        expect(apart / own.pixels).toBeLessThan(5e-5);
      });
    }
  });
}
