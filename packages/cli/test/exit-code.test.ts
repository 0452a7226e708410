import { DataError } from "@seg/ade20k-data";
import { BackendError } from "@seg/backend";
import { PipelineError } from "@seg/pipeline/config";
import { expect, it } from "vitest";
import { OutputError } from "../src/errors.ts";
import { exitCodeOf, messageOf } from "../src/exit-code.ts";

it.each<[unknown, number]>([
  [new PipelineError("option", ""), 2],
  [new PipelineError("config", ""), 2],
  [new PipelineError("missing", ""), 3],
  [new PipelineError("failed", ""), 1],
  [new DataError("not-found", ""), 3],
  [new DataError("no-images", ""), 3],
  [new DataError("truncated", ""), 1],
  [new BackendError("unknown-engine", ""), 2],
  [new BackendError("engine-unavailable", ""), 1],
  [new BackendError("engine-unfit", ""), 1],
  [new BackendError("engine-failed", ""), 1],
  [new BackendError("out-of-memory", ""), 1],
  [new TypeError("a bug"), 1],
  ["thrown text", 1],
  [undefined, 1],
])("%o ends with %i", (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});

it("ends with 130 when interrupted, whatever broke then", () => {
  expect(exitCodeOf(new TypeError("a bug"), AbortSignal.abort())).toBe(130);
  const unread = AbortSignal.abort(OutputError.of(Object.assign(new Error("write"), { code: "EPIPE" })));
  expect(exitCodeOf(new TypeError("a bug"), unread)).toBe(141);
});

it("tells any error in one line", () => {
  expect(messageOf(new Error("error: one\n  two\n"))).toBe("one two");
  expect(messageOf("text")).toBe("text");
});
