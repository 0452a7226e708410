import { printable } from "@seg/errors";
import { SingleBar } from "cli-progress";
import { swatch } from "./swatch.ts";

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
export type Output = NodeJS.WritableStream & { isTTY?: boolean };

/** A running bar, or nothing where none may be drawn. */
export interface Progress {
  /** Sets how far the work is, in the units of `total`; the total may still change. `note` is what `{note}` stands for. */
  update(done: number, total?: number, note?: string): void;
  stop(): void;
}

/** The user's end: results on stdout, notes and bars on stderr. */
export class Terminal {
  readonly #io: Io;
  readonly #quiet: boolean;
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

  /**
   * A line of the result. It may hold names from files: what a terminal would obey is escaped, line breaks too.
   *
   * @param color - shown before the line's first word, where stdout may carry colours and has enough of them.
   */
  print(line = "", color?: readonly number[]): void {
    this.#clear();
    const cells = color && this.color ? swatch(color, this.#io.env) : "";
    this.#io.stdout.write(`${cells ? printable(line).replace(/(?=\S)|$/, `${cells} `) : printable(line)}\n`);
  }

  /** Lines of the result, such as a file's text. */
  printText(text: string): void {
    for (const line of text.split("\n")) this.print(line);
  }

  /** A line for the person who waits; not with `--quiet`. */
  note(line: string): void {
    if (this.#quiet) return;
    this.#clear();
    this.#io.stderr.write(`${printable(line)}\n`);
  }

  /** A line about something that went wrong without ending the command. */
  warn(line: string): void {
    this.#clear();
    this.#io.stderr.write(`warning: ${printable(line)}\n`);
  }

  /** Starts a bar. It is drawn on a terminal only, and neither with `CI` nor with `--quiet`. */
  progress(title: string, total: number, format = "{value}/{total}"): Progress {
    if (!this.drawsBars) return { update() {}, stop() {} };
    const bar = new SingleBar({
      stream: this.#io.stderr,
      format: `${printable(title)} {bar} {percentage}% ${format}`,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
    });
    bar.start(total, 0, { note: "" });
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
