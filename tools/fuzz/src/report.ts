import type { Outcome } from "./messages.ts";

/** A case that failed. */
export interface Failure extends Outcome {
  format: string;
  fault: string;
}

interface Row {
  cases: number;
  outcomes: Map<string, number>;
  slowest: Outcome | undefined;
  largest: Outcome | undefined;
  failures: number;
}

/** Figures of a campaign, by format. */
export class Report {
  readonly failures: Failure[] = [];
  readonly #rows = new Map<string, Row>();
  readonly #seed: string;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** How many cases were run. */
  get cases(): number {
    return [...this.#rows.values()].reduce((sum, { cases }) => sum + cases, 0);
  }

  /** Of each format, the share of cases that were accepted. */
  accepted(): [format: string, share: number][] {
    return [...this.#rows].map(([format, { cases, outcomes }]) => [format, (outcomes.get("accepted") ?? 0) / cases]);
  }

  add(format: string, outcome: Outcome): void {
    const row = this.#rows.get(format) ?? {
      ...{ cases: 0, outcomes: new Map(), slowest: undefined, largest: undefined, failures: 0 },
    };
    this.#rows.set(format, row);
    row.cases++;
    row.outcomes.set(outcome.outcome, (row.outcomes.get(outcome.outcome) ?? 0) + 1);
    if (outcome.seconds > (row.slowest?.seconds ?? -1)) row.slowest = outcome;
    if (outcome.peak > (row.largest?.peak ?? -1)) row.largest = outcome;
    if (outcome.fault === undefined) return;
    row.failures++;
    this.failures.push({ ...outcome, format, fault: outcome.fault });
  }

  /** A table of all formats, and how to repeat each failure. */
  lines(): string[] {
    const head = ["format", "cases", "accepted", "refused", "slowest", "most memory", "failures"];
    const rows = [...this.#rows].map(([format, { cases, outcomes, slowest, largest, failures }]) => {
      const refused = [...outcomes].filter(([code]) => code !== "accepted").sort(([, a], [, b]) => b - a);
      return [
        format,
        String(cases),
        String(outcomes.get("accepted") ?? 0),
        refused.map(([code, count]) => `${code} ${count}`).join(", ") || "–",
        `${((slowest?.seconds ?? 0) * 1000).toFixed(0)} ms (${this.#id(slowest)})`,
        `${((largest?.peak ?? 0) / 1e6).toFixed(0)} MB (${this.#id(largest)})`,
        String(failures),
      ];
    });
    const table = [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
    return [...table, "", ...this.#failureLines()];
  }

  #id = (outcome?: Outcome) => `${this.#seed}:${outcome?.index}`;

  /** Failures of one kind together: they are mostly one fault. */
  #failureLines(): string[] {
    const groups = new Map<string, Failure[]>();
    for (const failure of this.failures) {
      const key = `${failure.format}, ${failure.kind}: ${failure.fault.replace(/\d+(\.\d+)?/g, "#")}`;
      groups.set(key, [...(groups.get(key) ?? []), failure]);
    }
    return [...groups.values()].flatMap(([first, ...others]) => {
      const { format, kind, fault } = first!;
      const more = others.length > 0 ? ` (and ${others.length} more like it)` : "";
      return [`FAILED ${format}, ${kind}: ${fault}${more}`, `  ${this.repeat(first!)}`];
    });
  }

  /** The command that runs a failed case again. */
  repeat({ format, index }: Failure): string {
    return `node tools/fuzz/run.mjs --format ${format} --only ${this.#seed}:${index}`;
  }
}
