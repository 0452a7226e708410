import { describe, expect, it } from "vitest";
import { explain, printable, SegError, shorten, shown } from "../src/index.ts";

describe("printable", () => {
  it.each([
    ["plain ünïcode 写真 😀", "plain ünïcode 写真 😀"],
    ["\u001b[31mred\u0007", "\\u001b[31mred\\u0007"],
    ["\u009b2J", "\\u009b2J"],
    ["gpj.\u202eexe", "gpj.\\u202eexe"],
    ["a\u0000b\u2028c", "a\\u0000b\\u2028c"],
  ])("writes %j as %j", (text, line) => {
    expect(printable(text)).toBe(line);
  });
});

describe("shorten", () => {
  it("keeps what fits, and both ends of what does not", () => {
    expect(shorten("abcdefg", 7)).toBe("abcdefg");
    expect(shorten("abcdefgh", 7)).toBe("abc…fgh");
    expect(shorten("abcdefgh", 1)).toBe("…");
  });

  it("cuts no character in two", () => {
    // It refuses half a character.
    for (let limit = 1; limit < 40; limit++)
      expect(() => encodeURIComponent(shorten("😀".repeat(30), limit))).not.toThrow();
  });
});

describe("shown", () => {
  it.each<[unknown, string]>([
    [undefined, "nothing"],
    [null, "null"],
    ["a\nb", '"a\\nb"'],
    [["F32", 1, true], '["F32",1,true]'],
    [{ a: { b: [] } }, '{"a":{"b":[]}}'],
    [12n, "12"],
    [new Uint8Array(3), "[Uint8Array]"],
    ["\u009b2J", '"\\u009b2J"'],
  ])("shows %o as %s", (value, text) => {
    expect(shown(value)).toBe(text);
  });

  it("is bounded for text, numbers, lists and objects without end, deep, shared or cyclic", () => {
    let deep: unknown = [];
    for (let level = 0; level < 100_000; level++) deep = [deep, deep];
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`key ${index}`, index]));
    for (const value of ["x".repeat(1e8), 1n << 10_000_000n, deep, cyclic, many, Array(1e7).fill("long ".repeat(99))]) {
      expect(shown(value).length).toBeLessThanOrEqual(80);
    }
  });
});

describe("a line of an error", () => {
  it("carries no control character of what it quotes", () => {
    const line = explain({ expected: "a\u001b[2J", received: "b\u0000\t\u009bc\r\n  d" });
    expect(line).toBe("Expected a\\u001b[2J but received b\\u0000 \\u009bc d.");
    expect(new SegError("code", "\u001b]0;title\u0007").message).toBe("\\u001b]0;title\\u0007");
  });

  it("is bounded, and made in time that does not grow with the square of what it quotes", () => {
    for (const text of [" ".repeat(1e7), "\n ".repeat(1e7), "x".repeat(1e7), "\u001b".repeat(1e7)]) {
      expect(explain({ expected: "a", received: text }).length).toBeLessThanOrEqual(8192);
    }
  });
});
