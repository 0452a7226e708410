import { describeEveryEngine } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, it } from "vitest";
import { expectSameGraph, image, randomized } from "./made-up.ts";
import { MODELS } from "./models.ts";

describeEveryEngine("a graph model", (engine) => {
  // As it is unless set: sizes stay where they can be read at once.
  beforeAll(() => {
    if (engine === "webgpu") tf.env().set("WEBGPU_CPU_FORWARD", true);
  });

  for (const [name, build] of Object.entries(MODELS)) {
    it(`of ${name} gives what the model gives`, async () => {
      const model = randomized(build());
      const channels = model.inputs[0]!.shape[3]!;
      const x = image([2, 11, 15, channels], engine);
      await expectSameGraph(model, x);
      x.dispose();
      model.dispose();
    });
  }
});
