import { once } from "node:events";
import { createRequire } from "node:module";
import { printable } from "@seg/errors";
import { swatch } from "./swatch.ts";

const require = createRequire(import.meta.url);

/** What a command runs in. */
export interface Io {
  /** Results go here. */
  stdout: Output;
  /** Progress, notes and errors go here. */
  stderr: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** Aborting it interrupts the command, which then ends with exit code 130. */
  signal?: AbortSignal;
}

/** A stream; bars and colours only where it is a terminal. */
export type Output = NodeJS.WritableStream & { isTTY?: boolean; writableLength?: number };

/** Characters that wait for a reader at most. */
const MOST_UNREAD = 8 << 20;

/** A running bar, or nothing where none may be drawn. */
export interface Progress {
  /** Sets how far the work is, in the units of `total`; the total may still change. `note` is what `{note}` stands for. */
  update(done: number, total?: number, note?: string): void;
  stop(): void;
}

/**
 * The user's end: results on stdout, notes and bars on stderr. What it is given may come from a file, a name or a server: nothing of it but
 * printable characters reaches the terminal. Colours and bars are its own.
 */
export class Terminal {
  readonly #io: Io;
  readonly #quiet: boolean;
  #dropped = 0;
  #bars = 0;

  /** @param quiet - leaves out notes and bars; results, warnings and errors stay. */
  constructor(io: Io, { quiet = false }: { quiet?: boolean } = {}) {
    this.#io = io;
    this.#quiet = quiet;
  }

  /** Whether stdout may carry colours: a terminal, and no `NO_COLOR`. */
  get color(): boolean {
    return Boolean(this.#io.stdout.isTTY) && !this.#io.env.NO_COLOR;
  }

  /** A line of the result; `swatch` is a colour that stands before it where stdout may carry colours and has enough of them. */
  print(line = "", { indent = "", swatch: color }: { indent?: string; swatch?: readonly number[] } = {}): void {
    const cells = color && this.color ? swatch(color, this.#io.env) : "";
    this.#line("stdout", `${indent}${cells && `${cells} `}${printable(line)}`);
  }

  /** A line for the person who waits; not with `--quiet`. */
  note(line: string): void {
    if (!this.#quiet) this.#line("stderr", printable(line));
  }

  /** A line about something that went wrong without ending the command. */
  warn(line: string): void {
    this.#line("stderr", `warning: ${printable(line)}`);
  }

  /** The line about what ended the command. */
  fail(line: string): void {
    this.#line("stderr", `error: ${printable(line)}`);
  }

  /** Text of several lines, as it is. */
  write(where: "stdout" | "stderr", text: string): void {
    this.#clear();
    this.#send(where, text.split("\n").map(printable).join("\n"));
  }

  #line(where: "stdout" | "stderr", line: string): void {
    this.#clear();
    this.#send(where, `${line}\n`);
  }

  // Notes that nobody reads are not to cost memory without end; results are what the command is for.
  #send(where: "stdout" | "stderr", text: string): void {
    const stream = this.#io[where];
    if (where === "stdout" || (stream.writableLength ?? 0) <= MOST_UNREAD) {
      stream.write(text);
      return;
    }
    if (this.#dropped++ > 0) return;
    stream.once("drain", () => {
      this.warn(`${this.#dropped} notes were left out, as nobody read what came before.`);
      this.#dropped = 0;
    });
  }

  /** Resolves once the reader of the results has taken most of them: work without end waits for it, so that they are not kept here instead. */
  async resultsRead(): Promise<void> {
    const { stdout, signal } = this.#io;
    if ((stdout.writableLength ?? 0) <= MOST_UNREAD) return;
    // A reader that is gone ends the command by another way.
    await once(stdout, "drain", signal && { signal }).catch(() => {});
  }

  /** Starts a bar. It is drawn on a terminal only, and neither with `CI` nor with `--quiet`. */
  progress(title: string, total: number, format = "{value}/{total}"): Progress {
    if (!this.drawsBars) return { update() {}, stop() {} };
    // Loaded where there is a bar: most commands that only print have none.
    const { SingleBar } = require("cli-progress") as typeof import("cli-progress");
    const bar = new SingleBar({
      stream: this.#io.stderr,
      format: `{title} {bar} {percentage}% ${format}`,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
    });
    bar.start(total, 0, { title: printable(title), note: "" });
    this.#bars++;
    return {
      update(done, now, note) {
        if (now !== undefined) bar.setTotal(now);
        bar.update(done, note === undefined ? {} : { note: printable(note) });
      },
      stop: () => {
        if (bar.isActive) this.#bars--;
        bar.stop();
      },
    };
  }

  // Text goes where the bar stands; the bar draws itself again below.
  #clear(): void {
    if (this.#bars > 0) this.#io.stderr.write("\r\u001b[K");
  }

  /** Whether bars are drawn here; where they are not, long work tells of itself by notes. */
  get drawsBars(): boolean {
    return Boolean(this.#io.stderr.isTTY) && !this.#io.env.CI && !this.#quiet;
  }
}
