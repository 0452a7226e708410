import { describeEngines, uniform } from "@seg/testing";
import { thorough } from "@seg/testing/thorough";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { Trainer } from "../../src/train/trainer.ts";

const last = thorough ? 200 : 60;

describeEngines("Memory", () => {
  it(`holds as many tensors after step ${last} as after step 10`, async () => {
    const flags = [{ key: "DATASET.num_class", value: 3, origin: "" }];
    const { config } = loadConfig({ cfg: "mobilenetv2dilated-c1_deepsup", flags });
    const trainer = await Trainer.create(config, async () => {});
    const images = Float32Array.from(uniform("image", 2 * 8 * 8 * 3, (u) => (u - 0.5) * 4));
    let after10 = 0;
    for (let i = 1; i <= last; i++) {
      const labels = Int32Array.of(i % 3, (i + 1) % 3);
      await trainer.add({ images: images.slice(), labels, height: 8, width: 8, files: ["0", "1"] });
      trainer.update({ encoder: 0.02, decoder: 0.02 });
      if (i === 10) after10 = tf.memory().numTensors;
    }
    expect(after10).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(after10);
    trainer.dispose();
  });
}, ["tensorflow"]);
