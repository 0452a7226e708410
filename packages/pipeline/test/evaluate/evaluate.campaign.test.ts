import { readFileSync } from "node:fs";
import { startEngine } from "@seg/backend";
import { childrenOf, forkFromSource } from "@seg/testing/node";
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

    it("gives the original's scores, the same integers with two workers of which one is killed", async () => {
      const one = await score({ backend });
      const { mIoU, pixAcc, iou, n } = expected("val_ss");
      expect(one.images).toBe(n);
      expect(Math.abs(one.meanIou - mIoU)).toBeLessThan(5e-5);
      expect(Math.abs(one.pixelAccuracy - pixAcc)).toBeLessThan(5e-5);
      for (const [c, { iou: own }] of one.classes.entries()) expect(Math.abs(own - iou[c])).toBeLessThan(5e-5);

      let killed = 0;
      const onProgress = (event: PipelineEvent) => {
        if (killed || event.type !== "score" || event.done < 30 || process.platform !== "linux") return;
        killed = childrenOf(process.pid)[0]!;
        process.kill(killed, "SIGKILL");
      };
      const notes: string[] = [];
      const log = (line: string) => notes.push(line);
      const two = await score({ backend, workers: 2, onProgress, log });
      expect(two.confusion).toEqual(one.confusion);
      if (process.platform !== "linux") return;
      expect(killed).toBeGreaterThan(0);
      expect(notes).toContainEqual(
        expect.stringMatching(/^A worker died on .*\.jpg: it was killed by SIGKILL.* Another one takes its place\.$/),
      );
    });

    it("gives the original's scores at multiple scales", async () => {
      const sizes = { "DATASET.imgSizes": [240, 300, 360, 420] };
      // Two workers of one thread each waste less of two cores than one of two threads.
      const { meanIou, pixelAccuracy, classes } = await score({ backend, workers: 2, multiScale: true }, sizes);
      const { mIoU, pixAcc, iou } = expected("val_ms");
      expect(Math.abs(meanIou - mIoU)).toBeLessThan(5e-5);
      expect(Math.abs(pixelAccuracy - pixAcc)).toBeLessThan(5e-5);
      for (const [c, { iou: own }] of classes.entries()) expect(Math.abs(own - iou[c])).toBeLessThan(1e-4);
    });
  });
}
