import { expect, it } from "vitest";
import { Terminal } from "../../src/terminal/terminal.ts";
import { Sink } from "../run-seg.ts";

function terminal({ tty = true, env = {} as Record<string, string>, quiet = false } = {}) {
  const [stdout, stderr] = [new Sink(), new Sink()];
  stdout.isTTY = stderr.isTTY = tty;
  return { stdout, stderr, terminal: new Terminal({ stdout, stderr, env }, { quiet }) };
}

it("sends results to stdout, notes and warnings to stderr", () => {
  const { terminal: t, stdout, stderr } = terminal();
  t.print("result");
  t.note("note");
  t.warn("careful");
  expect([stdout.text, stderr.text]).toEqual(["result\n", "note\nwarning: careful\n"]);
});

it("leaves out notes, but not warnings, when quiet", () => {
  const { terminal: t, stderr } = terminal({ quiet: true });
  t.note("note");
  t.warn("careful");
  expect(stderr.text).toBe("warning: careful\n");
});

it.each([
  [{}, true],
  [{ tty: false }, false],
  [{ env: { CI: "true" } }, false],
  [{ quiet: true }, false],
])("with %j draws bars: %s", (how, draws) => {
  const { terminal: t, stderr } = terminal(how);
  const bar = t.progress("Work", 2);
  bar.update(1, 4);
  bar.stop();
  expect(stderr.text.includes("Work")).toBe(draws);
});

it("colours only a terminal's output, and not with NO_COLOR", () => {
  expect(terminal().terminal.color).toBe(true);
  expect(terminal({ tty: false }).terminal.color).toBe(false);
  expect(terminal({ env: { NO_COLOR: "1" } }).terminal.color).toBe(false);
});

it("escapes what a terminal would obey in names, and nothing of its own", () => {
  const { terminal: t, stdout, stderr } = terminal({ env: { TERM: "xterm", COLORTERM: "truecolor" } });
  const name = "a\u001b[2J\u202eb\nc\u009b31m";
  const escaped = "a\\u001b[2J\\u202eb\\u000ac\\u009b31m";
  t.print(`  ${name}: 5%`, [6, 230, 230]);
  t.print(name);
  t.printText(`one\n${name}`);
  t.note(name);
  t.warn(name);
  const bar = t.progress(`Checking ${name}`, 2);
  bar.update(1, 2, name);
  bar.stop();
  expect(stdout.text).toBe(
    `  \u001b[48;2;6;230;230m  \u001b[0m ${escaped}: 5%\n${escaped}\none\na\\u001b[2J\\u202eb\nc\\u009b31m\n`,
  );
  expect(stderr.text).toContain(`${escaped}\nwarning: ${escaped}\n`);
  expect(stderr.text).toContain(`Checking ${escaped} `);
  for (const mark of ["\u001b[2J", "\u202e", "\u009b"]) expect(stderr.text).not.toContain(mark);
});
