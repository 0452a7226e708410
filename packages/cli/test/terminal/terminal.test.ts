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
