import { randomOf } from "./messages.ts";
import type { Random } from "./random.ts";

/** One hostile input. */
export interface Case {
  /** How it was made: `flipped bits`, `nested tuples`. */
  kind: string;
  /** The files, by their names; the first is the one that is read. */
  files: Readonly<Record<string, Uint8Array | string>>;
  /** What must become of it: `accepted`, `refused`, a refusal's code, or what is {@link Reading.found}; left out where all of that may. */
  expected?: string;
}

/** What a reader that accepted a case says of its result. */
export interface Reading {
  /** Bytes that the result itself needs. */
  bytes?: number;
  /** What is implausible about it. */
  wrong?: string | undefined;
  /** What it is, where a case says what it should be: `8×6`. */
  found?: string;
  /** Why it counts as refused, where a reader does not throw: `exit code 2`. */
  refused?: string | undefined;
}

/** A format that is ready: its seeds are made, and its reader is loaded. */
export interface Fuzzer {
  /** Files that the reader must accept: the first cases of every campaign. What is made of them is to get as far into the reader as they do. */
  sound: readonly Case["files"][];
  /** Makes a case of random numbers alone. */
  make(random: Random): Case | Promise<Case>;
  /**
   * Reads it, with the project's own reader.
   *
   * @param file - the first file's path.
   * @param folder - where all of them lie; what the reader writes goes here too.
   */
  read(file: string, folder: string): Promise<Reading | undefined>;
  /** Of what a refusal has to name one; the case's files unless given; nothing where the reader hears of no file. */
  names?: readonly string[] | ((error: unknown) => readonly string[] | undefined);
  /** Whether the reader talks to servers, which otherwise counts as an execution. */
  usesNetwork?: boolean;
}

/** A format of files, or of words. */
export interface Format {
  readonly name: string;
  /** Its share of the cases, beside the other formats' weights. */
  readonly weight: number;
  /** Loads its reader and makes its seeds. */
  prepare(): Promise<Fuzzer>;
}

/** One way to make a case, and how often it is taken beside the others. */
export type Builder = readonly [
  weight: number,
  kind: string,
  make: (random: Random) => Case["files"] | Promise<Case["files"]>,
];

/** A case of one of the builders. */
export async function build(random: Random, builders: readonly Builder[]): Promise<Case> {
  let at = (random.next() / 2 ** 32) * builders.reduce((sum, [weight]) => sum + weight, 0);
  const [, kind, make] = builders.find(([weight]) => {
    at -= weight;
    return at < 0;
  })!;
  return { kind, files: await make(random) };
}

/** The case of a number: the sound files come first, then what follows from the seed and the format's name. */
export async function caseOf(fuzzer: Fuzzer, seed: string, format: string, index: number): Promise<Case> {
  const files = fuzzer.sound[index];
  return files ? { kind: "sound", files, expected: "accepted" } : fuzzer.make(randomOf(seed, format, index));
}

/** Whether a case became what it says that it must. */
export const isAsExpected = ({ expected }: Case, outcome: string, found: string | undefined): boolean =>
  expected === undefined || [outcome, found].includes(expected) || (expected === "refused" && outcome !== "accepted");
