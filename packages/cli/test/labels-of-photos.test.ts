import { it } from "vitest";
import { DEMO_PHOTO } from "../src/demo-model.ts";
import { compareLabels, useNetwork } from "./compare-labels.ts";

useNetwork();

it("the labels of all pixels of the photo that comes along are those of a slow float64 softmax, mean and argmax", () =>
  compareLabels(DEMO_PHOTO));
