/** One replica of data-parallel.mjs: SGD steps of a network with synchronized batch norm, on random images. */
import { broadcastParameters, dataParallelOptimizer, lossShare } from "@seg/data-parallel";
import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { GroupedOptimizer, sparseCrossEntropy, trainingModel } from "@seg/layers";
import { attachGroup } from "@seg/sync-bn";
import * as tf from "@tensorflow/tfjs";
import { resident } from "./report.mjs";

export default function create({ group: given, rank, options: { model, batch, height, width, synchronized } }) {
  const group = timed(given);
  const [encoderName, decoderName] = model.split("+");
  const encoder = buildEncoder(encoderName, { seed: 1 });
  const decoder = buildDecoder(decoderName, encoder.featureInfo, { seed: 1 });
  const models = [encoder.model, decoder.model];
  if (synchronized) for (const half of models) attachGroup(half, group);
  const training = trainingModel(models);
  broadcastParameters(training.variables, group);
  const parameters = [{ variables: training.variables, learningRate: 1e-3, weightDecay: 1e-4 }];
  const sgd = new GroupedOptimizer(parameters, { name: "sgd", momentum: 0.9 });
  const optimizer = dataParallelOptimizer(sgd, group, { reduce: "sum" });
  const stride = /upernet|hrnet/.test(model) ? 4 : 8;
  const image = tf.randomNormal([batch, height, width, 3], 0, 1, "float32", rank + 1);
  const labels = tf.randomUniform([batch, height / stride, width / stride], -1, 150, "int32", rank + 1);
  const share = lossShare(group);

  return {
    /**
     * Some steps; how many seconds each took, and of them those spent in collectives, waiting for others included; and the
     * seconds of processors that the process used for a step.
     */
    run({ steps }) {
      const seconds = { step: [], statistics: [], gradients: [] };
      const before = process.cpuUsage();
      for (let i = 0; i < steps; i++) {
        group.barrier();
        const start = performance.now();
        group.seconds = 0;
        const { loss, gradients } = training.gradients(image, ([scores, auxiliary]) => {
          const main = sparseCrossEntropy(scores, labels);
          return (auxiliary ? main.add(sparseCrossEntropy(auxiliary, labels).mul(0.4)) : main).mul(share);
        });
        loss.dataSync();
        seconds.statistics.push(group.seconds);
        group.seconds = 0;
        optimizer.applyGradients(gradients);
        training.variables[0].dataSync();
        tf.dispose([loss, gradients]);
        seconds.gradients.push(group.seconds);
        seconds.step.push((performance.now() - start) / 1000);
      }
      const { user, system } = process.cpuUsage(before);
      return { seconds, processors: (user + system) / 1e6 / steps, resident: resident() };
    },
  };
}

/** A group that adds up the seconds spent in it. */
function timed(group) {
  const { rank, size } = group;
  const timedGroup = { rank, size, seconds: 0, dispose: () => group.dispose() };
  for (const name of ["allReduce", "allGather", "broadcast", "barrier"]) {
    timedGroup[name] = (...args) => {
      const start = performance.now();
      try {
        return group[name](...args);
      } finally {
        timedGroup.seconds += (performance.now() - start) / 1000;
      }
    };
  }
  return timedGroup;
}
