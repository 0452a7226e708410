import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { shellWord } from "../../src/terminal/shell-word.ts";

const ODD = [
  "a b",
  "it's",
  'a"b',
  "$(id)",
  "`id`",
  "~",
  "~/x",
  "a\\b",
  "-rf",
  "*",
  "a;b",
  "a&b",
  "#a",
  "!a",
  "ä ö",
  "",
];
const OBEYED = ["a\nb", "\u001b[31mred", "it's \\ \u202egnp.exe", "\u0007'\t"];
const plain = ["ckpt/mine", "/data/a-b_c.1", "http://host:80/a"];

describe("shellWord", () => {
  it.each(plain)("leaves %j as it is", (word) => {
    expect(shellWord(word, "linux")).toBe(word);
  });

  const bash = spawnSync("bash", ["--version"]).status === 0;
  it.skipIf(!bash).each([...ODD, ...OBEYED])(`gives bash %j back${bash ? "" : " (skipped: no bash)"}`, (word) => {
    const quoted = shellWord(word, "linux");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there.
    expect(quoted).not.toMatch(/[\u0000-\u001f\u202e]/);
    const env = { ...process.env, LC_ALL: "C.UTF-8" };
    expect(spawnSync("bash", ["-c", `printf %s ${quoted}`], { encoding: "utf8", env }).stdout).toBe(word);
  });

  it.each(ODD)("gives a plain shell %j back", (word) => {
    const { stdout } = spawnSync("sh", ["-c", `printf %s ${shellWord(word, "linux")}`], { encoding: "utf8" });
    expect(stdout).toBe(word);
  });

  it("quotes as Windows' shells do", () => {
    expect(shellWord("C:/a b", "win32")).toBe('"C:/a b"');
  });
});
