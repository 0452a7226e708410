import { once } from "node:events";
import { isSegError, SegError } from "@seg/errors";
import { expect, it } from "vitest";
import { deserializeError, type SerializedError, serializeError, startProcess, startThread } from "../src/index.ts";

const THROWS = new URL("fixtures/throw-in-worker.ts", import.meta.url);

it.each([
  ["a thread", () => startThread(THROWS)],
  ["a process", () => startProcess(THROWS)],
])("an error arrives from %s with its name, code, data, causes and stack", async (_, start) => {
  const [sent] = (await once(start(), "message")) as [SerializedError];
  const error = deserializeError(sent);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: "LabelError",
    message: "Expected a label but received 151.",
    code: "bad-label",
    data: { file: "a.png", value: 151 },
  });
  expect(error.stack).toContain("throw-in-worker.ts");
  expect(isSegError(error)).toBe(true);
  expect(error.cause).toBeInstanceOf(RangeError);
  expect(isSegError(error.cause)).toBe(false);
  expect((error.cause as Error).message).toBe("Expected at most 150 but received 151.");
  expect((error.cause as Error).cause).toMatchObject({ code: "EIO", errno: -5, syscall: "read" });
});

const roundTrip = (thrown: unknown) => deserializeError(structuredClone(serializeError(thrown)));

it("the mark of each cause is its own", () => {
  const inner = new SegError("inner", "inside", { cause: new Error("no reason") });
  const error = roundTrip(new Error("outside", { cause: inner }));
  expect([error, error.cause, (error.cause as Error).cause].map(isSegError)).toEqual([false, true, false]);
});

it("an error that is its own cause ends somewhere", () => {
  const error = new Error("round");
  error.cause = new SegError("half", "way", { cause: error });
  const back = roundTrip(error);
  expect(back.message).toBe("round");
  expect(back.cause).toMatchObject({ message: "way", code: "half" });
});

it.each([
  ["a string", "a string"],
  [undefined, "undefined"],
  [null, "null"],
  [{}, "[object Object]"],
])("whatever else was thrown (%j) becomes a message", (thrown, message) => {
  const error = roundTrip(thrown);
  expect(error).toBeInstanceOf(Error);
  expect(error.message).toBe(message);
});

it("what cannot be cloned does not hinder", () => {
  const error = roundTrip(Object.assign(new Error("x"), { retry: () => {}, code: "odd" }));
  expect(error).toMatchObject({ message: "x", code: "odd" });
});
