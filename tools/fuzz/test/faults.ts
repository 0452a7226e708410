import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { SegError } from "@seg/errors";
import type { Format, Reading } from "../src/format.ts";
import { randomOf } from "../src/messages.ts";

/** A format whose reader does one thing that no reader may do, in the third case of seed `a`. */
const faulty = (name: string, read: (file: string) => Promise<Reading | undefined> | Reading | undefined): Format => ({
  name,
  weight: 1,
  prepare: async () => ({
    sound: [],
    make: (random) => ({ kind: "any", files: { "a.txt": String(random.next()) } }),
    read: async (file) =>
      readFileSync(file, "utf8") === String(randomOf("a", name, 2).next()) ? read(file) : undefined,
  }),
});

const refuse = (line: string) => {
  throw new SegError("bad", line);
};

/** Five files of which the reader refuses the third one. */
const SOUND: Format = {
  name: "refuses-what-is-sound",
  weight: 1,
  prepare: async () => ({
    sound: [..."01234"].map((text) => ({ "a.txt": text })),
    make: () => refuse("There are as many sound files as cases."),
    read: async (file) => (readFileSync(file, "utf8") === "2" ? refuse(`${file}: Expected another.`) : undefined),
  }),
};

/** Cases of which the third one is to be refused, or found to be something, and is read. */
const hostile = (name: string, expected: string): Format => ({
  name,
  weight: 1,
  prepare: async () => ({
    sound: [],
    make: (random) => ({
      ...{ kind: "any", files: { "a.txt": "" } },
      ...(random.next() === randomOf("a", name, 2).next() && { expected }),
    }),
    read: async () => ({ found: "8×6" }),
  }),
});

/** One format for each fault that the harness must see. */
export const FORMATS: readonly Format[] = [
  faulty("sound", (file) => refuse(`${file}: Expected something else.`)),
  faulty("spins", () => {
    for (;;);
  }),
  faulty("waits", () => new Promise(() => setInterval(() => {}, 1000))),
  faulty("swells", () => {
    Buffer.alloc(150e6, 1);
    return undefined;
  }),
  faulty("swells-without-end", () => {
    const all = [];
    for (;;) all.push(Buffer.alloc(50e6, 1));
  }),
  faulty("needs-what-it-gives", () => ({ bytes: Buffer.alloc(150e6, 1).length })),
  faulty("range-error", () => {
    throw new RangeError("Maximum call stack size exceeded");
  }),
  faulty("nameless", () => refuse("Expected something else.")),
  faulty("escapes", (file) => {
    const error = new SegError("bad", `${file}: red`);
    error.message += "\u001b[31m";
    throw error;
  }),
  faulty("endless-line", (file) => {
    const error = new SegError("bad", file);
    error.message += "x".repeat(10_000);
    throw error;
  }),
  faulty("pollutes", () => {
    Object.defineProperty(Object.prototype, "polluted", { value: true, configurable: true });
    return undefined;
  }),
  faulty("starts", () => {
    try {
      spawn("true");
    } catch {
      // A reader that hides what it does.
    }
    return undefined;
  }),
  faulty("reaches", () => {
    createConnection(9).on("error", () => {});
    return undefined;
  }),
  faulty("writes", () => {
    try {
      writeFileSync(new URL("evil", import.meta.url).pathname, "evil");
    } catch {
      // Node refuses it.
    }
    return undefined;
  }),
  faulty("prints", () => {
    console.error("something");
    return undefined;
  }),
  faulty("fails-later", () => {
    void Promise.reject(new Error("nobody waits for it"));
    return undefined;
  }),
  faulty("ends", () => {
    process.exit(0);
  }),
  faulty("crashes", () => {
    process.kill(process.pid, "SIGSEGV");
    return undefined;
  }),
  SOUND,
  hostile("accepts-what-hurts", "refused"),
  hostile("refuses-by-another-code", "truncated"),
  hostile("finds-what-is-there", "8×6"),
  faulty("implausible", () => ({ wrong: "three values for [2]" })),
];
