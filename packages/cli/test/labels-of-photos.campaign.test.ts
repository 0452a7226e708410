import { shared, unlessShared } from "@seg/testing";
import { it } from "vitest";
import { compareLabels, useNetwork } from "./compare-labels.ts";

useNetwork();

const sample = shared("data/ade20k-sample/images");
const photos = ["training/ADE_train_00000001.jpg", "validation/ADE_val_00000001.jpg"];
it.skipIf(!sample).each(photos)(
  `the labels of all pixels of %s are those of a slow float64 softmax, mean and argmax${unlessShared}`,
  (photo) => compareLabels(`${sample}/${photo}`),
);
