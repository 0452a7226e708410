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

/** Takes what it is given only when `unread` is called. */
function slowReader() {
  const unread: (() => void)[] = [];
  const taken: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      taken.push(chunk);
      unread.push(done);
    },
  });
  const readAll = async () => {
    while (stream.writableLength > 0) {
      unread.shift()?.();
      await setImmediate();
    }
  };
  return { stream, taken, readAll };
}

const MEGABYTE = "x".repeat(1 << 20);

it("keeps a bounded part of the notes that nobody reads, and says what was left out once they are read", async () => {
  const { stream, taken, readAll } = slowReader();
  const t = new Terminal({ stdout: new Sink(), stderr: stream, env: {} });
  for (let i = 0; i < 100; i++) t.note(MEGABYTE);
  expect(stream.writableLength).toBeLessThan(20 << 20);
  await readAll();
  expect(taken.at(-1)).toEqual(expect.stringMatching(/^warning: 9\d notes were left out, [^\n]*\n$/));
});

it("leaves out no result: work waits until what came before is read", async () => {
  const { stream, readAll } = slowReader();
  const t = new Terminal({ stdout: stream, stderr: new Sink(), env: {} });
  await t.resultsRead();
  for (let i = 0; i < 20; i++) t.print(MEGABYTE);
  expect(stream.writableLength).toBeGreaterThan(20 << 20);
  let goesOn = false;
  const waiting = t.resultsRead().then(() => {
    goesOn = true;
  });
  await setImmediate();
  expect(goesOn).toBe(false);
  await readAll();
  await waiting;
});
