import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseYaml, TextProblem } from "../src/yaml.ts";
import { YAML_KINDS } from "./support/hostile-text.ts";

const linesOf = (text: string) => text.split("\n").length;

/** What a text is found to be. */
function outcome(text: string): "read" | TextProblem {
  try {
    const { document, toValue } = parseYaml(text);
    toValue(document.contents);
    return "read";
  } catch (error) {
    if (!(error instanceof TextProblem)) throw error;
    return error;
  }
}

describe("YAML", () => {
  // A parser that goes through any of these twice for each of its characters needs hours.
  it.each(Object.keys(YAML_KINDS))("of %s is read, or refused with its line", { timeout: 60_000 }, (kind) => {
    const text = YAML_KINDS[kind]!(1_000_000);
    const found = outcome(text);
    if (found === "read") return;
    expect(found.message).toMatch(/^\S.*\S$/s);
    expect(found.line).toBeGreaterThanOrEqual(1);
    expect(found.line).toBeLessThanOrEqual(linesOf(text));
  });

  it.each<[string, string, number, RegExp]>([
    ["with too many words", `${"# 1 2\n".repeat(2000)}${"- 1\n".repeat(4100)}`, 6001, /more than 8,000 words/],
    ["with too many comments", `a: 1\n${"# 1\n".repeat(9000)}`, 8001, /more than 8,000 lines/],
    ["in too many brackets", `a: 1\nb: ${"[".repeat(21)}${"]".repeat(21)}`, 2, /nested more than 20 levels/],
    ["in too many dashes", `a: 1\n\n${"- ".repeat(21)}`, 3, /nested more than 20 levels/],
    [
      "indented too deep",
      `${Array.from({ length: 1200 }, (_, i) => `${" ".repeat(i)}k:\n`).join("")}`,
      21,
      /nested more than 20 levels/,
    ],
    [
      "of lists in lists that are indented",
      `${Array.from({ length: 11 }, (_, i) => `${"  ".repeat(i)}- k:\n`).join("")}`,
      11,
      /nested more than 20 levels/,
    ],
    ["with a second document", "a: 1\n---\na: 2\n", 2, /a second document begins there/],
    ["with a long word", `a: 1\nb: ${"x".repeat(10_001)}`, 2, /more than 10,000 characters/],
    ["with many aliases", `a: &a 1\nb:\n${"- *a\n".repeat(100)}`, 102, /more than 100 anchors/],
    ["with an alias of nothing", "a: 1\nb: *c\n", 1, /alias/i],
    ["with aliases of aliases", YAML_KINDS["aliases of aliases"]!(0), 1, /alias/i],
  ])("%s is refused at its line", (_what, text, line, message) => {
    const found = outcome(text);
    expect(found).toBeInstanceOf(TextProblem);
    expect(found).toMatchObject({ message: expect.stringMatching(message) });
    if (line > 1) expect(found).toMatchObject({ line });
  });

  it("may be nested 20 levels deep, in any of its ways, and marked as one document", () => {
    const indented = Array.from({ length: 20 }, (_, i) => `${" ".repeat(i)}k:`).join("\n");
    for (const text of [`${indented} 1`, `${"[".repeat(20)}${"]".repeat(20)}`, `${"- ".repeat(20)}1`]) {
      const { document, toValue } = parseYaml(`---\n${text}\n...\n`);
      expect(toValue(document.contents)).toEqual(parse(text));
    }
  });

  it("of a size that people write is what any parser reads", () => {
    const text = `# comment\nA: &a {x: [1, 2.5, "three"], y: null}\nB: *a\n${Array.from({ length: 1500 }, (_, i) => `k${i}: ${i}\n`).join("")}`;
    const { document, lineOf, toValue } = parseYaml(text);
    expect(toValue(document.contents)).toEqual(parse(text));
    expect(lineOf(text.indexOf("B:"))).toBe(3);
  });

  it("keeps names that objects have as mere names", () => {
    const { document, toValue } = parseYaml('{"__proto__": {"polluted": 1}, "constructor": 2}');
    const value = toValue(document.contents) as object;
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
