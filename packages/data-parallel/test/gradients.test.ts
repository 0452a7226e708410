import { type Group, single } from "@seg/collectives";
import { describeEngines } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { allReduceGradients, broadcastParameters, lossShare } from "../src/index.ts";

/** A group in which every other rank gives the same numbers, and counts its calls. */
function echoGroup(size: number) {
  const calls: number[] = [];
  const group: Group = {
    ...single,
    size,
    allReduce(data) {
      calls.push(data.length);
      for (let i = 0; i < data.length; i++) data[i]! *= size;
    },
    broadcast(data, root) {
      calls.push(data.length);
      data.fill(root ?? 0);
    },
  };
  return { group, calls };
}

describeEngines("Gradients all-reduced", () => {
  it("pass through one buffer, and come back in their shapes; the caller's stay", () => {
    const { group, calls } = echoGroup(4);
    const gradients = [tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]), tf.scalar(7), tf.tensor1d([8, 9])];
    const sums = allReduceGradients(gradients, group, { reduce: "sum" });
    expect(sums.map(({ shape }) => shape)).toEqual([[3, 2], [], [2]]);
    expect(sums.map((sum) => [...sum.dataSync()])).toEqual([[4, 8, 12, 16, 20, 24], [28], [32, 36]]);
    const [mean] = allReduceGradients([gradients[0]!], group);
    expect([...mean!.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(calls).toEqual([9, 6]);
    expect([...gradients[0]!.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
    tf.dispose([gradients, sums, mean!]);
  });

  it("of a replica without a valid pixel count as nothing, even when they are not numbers", () => {
    const { group } = echoGroup(2);
    const gradients = [tf.tensor1d([Number.NaN, 1])];
    const [mean] = allReduceGradients(gradients, group, { weight: 0 });
    expect([...mean!.dataSync()]).toEqual([0, 0]);
    tf.dispose([gradients, mean!]);
  });

  it("are copies where there is one replica", () => {
    const gradient = tf.tensor1d([1, 2]);
    const [own] = allReduceGradients([gradient], single, { weight: 5 });
    gradient.dispose();
    expect([...own!.dataSync()]).toEqual([1, 2]);
    own!.dispose();
    expect(allReduceGradients([], echoGroup(2).group)).toEqual([]);
  });

  it("leave variables alone that are given to all by another rank", () => {
    const { group, calls } = echoGroup(2);
    const values = [tf.tensor2d([1, 2], [1, 2]), tf.scalar(3)];
    const variables = values.map((value) => tf.variable(value));
    broadcastParameters(variables, group, 1);
    expect(variables.map((variable) => [...variable.dataSync()])).toEqual([[1, 1], [1]]);
    expect(calls).toEqual([3]);
    tf.dispose([values, variables]);
  });
});

describe("What cannot be all-reduced", () => {
  it("is refused in one line", async () => {
    const { group } = echoGroup(2);
    const whole = tf.tensor1d([1, 2], "int32");
    const refused = (option: string, received: unknown) =>
      expect.objectContaining({ code: "option", data: { option, received } });
    expect(() => allReduceGradients([whole], group)).toThrow(refused("tensors", "int32"));
    for (const weight of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => lossShare(group, weight)).toThrow(refused("weight", weight));
    whole.dispose();
  });
});
