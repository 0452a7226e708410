import { describe, expect, it } from "vitest";
import { explain, isSegError, markSegError, SegError } from "../src/index.ts";

class FileError extends SegError<"missing" | "damaged", { file: string }> {}

describe("explain", () => {
  it.each([
    [
      { expected: "a list in a.odgt", but: "there is none", hint: "check the path" },
      "Expected a list in a.odgt but there is none: check the path.",
    ],
    [{ expected: "2 classes", received: "3" }, "Expected 2 classes but received 3."],
    [
      { expected: "a key", received: '"colr"', hint: "did you mean color?" },
      'Expected a key but received "colr": did you mean color?',
    ],
  ])("makes a line of %j", (explanation, line) => {
    expect(explain(explanation)).toBe(line);
  });

  it("is one line whatever it is made of", () => {
    expect(explain({ expected: "a", received: "b\r\n  c" })).toBe("Expected a but received b c.");
  });
});

describe("SegError", () => {
  it("carries its code, its values, its cause and its class's name", () => {
    const cause = new Error("why");
    const error = new FileError(
      "missing",
      { expected: "a.pth", but: "there is none" },
      { data: { file: "a.pth" }, cause },
    );
    expect(error).toMatchObject({ name: "FileError", code: "missing", data: { file: "a.pth" }, cause });
    expect(error.message).toBe("Expected a.pth but there is none.");
    expect(error).toBeInstanceOf(Error);
  });

  it("is known across copies of the package, which other errors with a code are not", () => {
    expect(isSegError(new FileError("damaged", "a line"))).toBe(true);
    expect(isSegError(Object.assign(new Error("x"), { [Symbol.for("@seg/error")]: true }))).toBe(true);
    expect(isSegError(Object.assign(new Error("x"), { code: "ENOENT" }))).toBe(false);
    expect(isSegError(undefined)).toBe(false);
  });

  it("is known again once it is marked, after a journey that took its class", () => {
    const error = new Error("x");
    markSegError(error);
    expect(isSegError(error)).toBe(true);
    expect(Object.keys(error)).toEqual([]);
  });
});
