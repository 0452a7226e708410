import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
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

/** A line's break and its return, an escape, a C1 escape, text turned around, a bell. */
const HOSTILE = "a\nb\rc\u001b[31md\u009b31me\u202ef\u0007";
const HARMLESS = "a\\u000ab\\u000dc\\u001b[31md\\u009b31me\\u202ef\\u0007";

it("lets nothing through that a terminal would obey, but its own colours and bars", () => {
  const { terminal: t, stdout, stderr } = terminal({ env: { TERM: "xterm", COLORTERM: "truecolor" } });
  t.print(HOSTILE, { indent: "  ", swatch: [1, 2, 3] });
  t.write("stdout", `${HOSTILE}\n`);
  expect(stdout.text).toBe(`  \u001b[48;2;1;2;3m  \u001b[0m ${HARMLESS}\n${HARMLESS.replace("\\u000a", "\n")}\n`);
  t.note(HOSTILE);
  t.warn(HOSTILE);
  t.fail(HOSTILE);
  expect(stderr.text).toBe(`${HARMLESS}\nwarning: ${HARMLESS}\nerror: ${HARMLESS}\n`);
});

it("draws bars whose titles and notes are harmless, whatever they are made of", () => {
  const { terminal: t, stderr } = terminal();
  const bar = t.progress(`${HOSTILE}{bar}`, 2, "{value} {note}");
  bar.update(1, 2, `${HOSTILE}{value}`);
  bar.stop();
  expect(stderr.text).toContain(`${HARMLESS}{bar} `);
  for (const obeyed of ["\u009b", "\u202e", "\u0007", "\u001b[31m"]) expect(stderr.text).not.toContain(obeyed);
});

it("keeps a bounded part of what nobody reads, and says what was left out once it is read", async () => {
  const unread: (() => void)[] = [];
  const slow = new Writable({ write: (_chunk, _encoding, done) => void unread.push(done) });
  const stderr = new Sink();
  const t = new Terminal({ stdout: slow, stderr, env: {} });
  const line = "x".repeat(1 << 20);
  for (let i = 0; i < 100; i++) t.print(line);
  expect(slow.writableLength).toBeLessThan(20 << 20);
  while (slow.writableLength > 0) {
    unread.shift()?.();
    await setImmediate();
  }
  // What was kept and what was not is all there was.
  expect(stderr.text).toMatch(/^warning: 9\d pieces of the output were left out, [^\n]*\n$/);
  t.print("last");
  expect(slow.writableLength).toBe("last\n".length);
});
