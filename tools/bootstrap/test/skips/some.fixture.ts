import { describe, expect, it } from "vitest";

describe.skip("convolution on native (skipped: no addon (build it))", () => {
  it("convolves", () => {});
  it("pads", () => {});
});
describe("an engine", () => {
  it.skip("starts (skipped: no addon (build it))", () => {});
  it.skip("stops (skipped: no addon (build it))", () => {});
});
describe.skip("nothing said", () => {
  it("adds", () => {});
  it("takes away", () => {});
});
describe("files", () => {
  it("adds", () => expect(1 + 1).toBe(2));
  it.skip("reads (skipped: no folder)", () => {});
  it("reads more", ({ skip }) => skip("no folder"));
});
it.skip("needs nothing", () => {});
