import { decodeImage, type RgbImage, readLabel, readOdgt, validationScales } from "@seg/ade20k-data";
import { loadWeightsInto } from "@seg/checkpoint";
import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { labelsOf } from "@seg/layers";
import { ConfusionMatrix, computeScores } from "@seg/metrics";
import { shared, unlessShared } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { calibrate, onnxInference, toInt8Onnx } from "../src/index.ts";

const CLASSES = 11;
const checkpoint = "data/checkpoints/camvid-mobilenetv2dilated-c1_deepsup";

/** More would take the processor from the tests beside this one: they wait for each other by spinning. */
const threads = 1;

const inputOf = (image: RgbImage) => {
  const [scaled] = validationScales(image, { sizes: [360] });
  const { data, height, width } = scaled!;
  return { data, shape: [1, height, width, 3] };
};

describe.skipIf(unlessShared)(`int8 on CamVid${unlessShared}`, () => {
  it("loses at most a point of mean IoU, calibrated with sixty of the photos that the network was trained on.", async () => {
    await tf.setBackend("cpu");
    const encoder = buildEncoder("mobilenetv2dilated", { seed: 1 });
    const decoder = buildDecoder("c1_deepsup", encoder.featureInfo, { seed: 1, numClasses: CLASSES });
    const models = [encoder.model, decoder.model];
    await loadWeightsInto(encoder.model, shared(`${checkpoint}/encoder_epoch_14.pth`)!);
    await loadWeightsInto(decoder.model, shared(`${checkpoint}/decoder_epoch_14.pth`)!);
    const training = await readOdgt(shared("data/camvid/train.odgt")!);
    async function* photos() {
      for (const { imagePath } of training.filter((_, i) => i % 6 === 0).slice(0, 60)) {
        yield inputOf(await decodeImage(imagePath));
      }
    }
    const calibration = await calibrate(models, photos(), { outputs: [0], threads });
    expect(calibration.photos).toBe(60);
    const networks = [
      await onnxInference(models, { outputs: [0], threads }),
      await onnxInference(toInt8Onnx(models, calibration, { outputs: [0] }).bytes(), { numClasses: CLASSES, threads }),
    ];
    const matrices = networks.map(() => new ConfusionMatrix(CLASSES));
    for (const { imagePath, labelPath } of await readOdgt(shared("data/camvid/val.odgt")!)) {
      const image = await decodeImage(imagePath);
      const { width, height } = image;
      const { labels } = await readLabel(labelPath!, { numClasses: CLASSES, width, height });
      for (const [i, network] of networks.entries()) {
        const [scores] = await network.run(inputOf(image));
        const [, rows, columns] = scores!.shape as [number, number, number];
        const map = { data: scores!.data, height: rows, width: columns, classes: CLASSES };
        matrices[i]!.add(labelsOf([map], [height, width]), labels);
      }
    }
    for (const network of networks) await network.dispose();
    for (const model of models) model.dispose();
    const [float32, int8] = matrices.map((matrix) => computeScores(matrix)) as [
      ReturnType<typeof computeScores>,
      ReturnType<typeof computeScores>,
    ];
    // What the original's evaluation gives for this checkpoint.
    expect(float32.meanIou).toBeCloseTo(0.4279, 3);
    expect(int8.meanIou).toBeGreaterThan(float32.meanIou - 0.01);
    expect(int8.pixelAccuracy).toBeGreaterThan(float32.pixelAccuracy - 0.01);
  });
});
