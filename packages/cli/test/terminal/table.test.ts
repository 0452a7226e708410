import { expect, it } from "vitest";
import { table } from "../../src/terminal/table.ts";

it("aligns columns, what a terminal would obey written as escapes", () => {
  expect(
    table(
      ["name", "n"],
      [
        ["\u001b[2J", "1"],
        ["sky", "22"],
      ],
    ),
  ).toEqual(["name       n", "\\u001b[2J  1", "sky        22"]);
});
