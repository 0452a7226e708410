import type { Random } from "./random.ts";

/** What a terminal would obey, a path would follow, and JavaScript takes for something of its own. */
export const NASTY_TEXTS: readonly string[] = [
  "\u001b[31mred\u001b[0m",
  "\u001b]0;title\u0007",
  "\u009b2J",
  "\r\nerror: forged",
  "\u202egnp.exe",
  "\u2066\u2069",
  "\u0000",
  "\ufeff",
  "\ud800",
  "\u2028",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "where",
  "name",
  "length",
  "../../evil",
  "/etc/passwd",
  "file:///etc/passwd",
  "http://127.0.0.1:1/x",
  "$(touch evil)",
  "%s%n%x",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a template would fill in.
  "${process.exit(1)}",
  "",
  " ",
  "🦀".repeat(20),
  "x".repeat(300),
];

/** Numbers as texts, at the ends of what numbers can be. */
export const NASTY_NUMBERS: readonly string[] = [
  ..."-1 0 -0 1 0.5 255 256 65536 2147483647 2147483648 4294967296 9007199254740991 9007199254740993".split(" "),
  ..."1e309 -1e309 1e-400 NaN Infinity .nan .inf 0x10 0o17 1_000 00 1. .5 99999999999999999999999 null true ~".split(
    " ",
  ),
];

type Mutation = (text: string, random: Random) => string;

const at = (text: string, random: Random) => random.below(text.length + 1);
const lines = (text: string) => text.split("\n");

/** Replaces one match of a pattern. */
function replaceOne(text: string, random: Random, pattern: RegExp, by: (found: string) => string): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { 0: match, index } = random.pick(found);
  return text.slice(0, index) + by(match) + text.slice(index + match.length);
}

const MUTATIONS: readonly Mutation[] = [
  (text, random) => replaceOne(text, random, /-?\d+(\.\d+)?/g, () => random.pick(NASTY_NUMBERS)),
  (text, random) => replaceOne(text, random, /[\w./-]+/g, () => random.pick(NASTY_TEXTS)),
  (text, random) => replaceOne(text, random, /[\w./-]+/g, (word) => word + random.pick(NASTY_TEXTS)),
  (text, random) => replaceOne(text, random, /[\w./-]+/g, (word) => word.repeat(random.size(500))),
  (text, random) => replaceOne(text, random, /[[\]{}(),:"'#|>&*!%@-]/g, (mark) => mark.repeat(random.size(2000))),
  (text, random) =>
    replaceOne(text, random, /[[\]{}(),:"'#|>&*!%@-]/g, () => random.pick([..."[]{}(),:\"'#|>&*!%@`-\t\n\\"])),
  (text, random) => replaceOne(text, random, /-?\d+(\.\d+)?/g, (digits) => digits.repeat(random.size(500))),
  (text, random) => replaceOne(text, random, /\d+|null|"[^"]*"/g, () => nested(random.size(3000), random)),
  (text, random) => text.slice(0, at(text, random)),
  (text, random) => text.slice(at(text, random)),
  (text, random) => {
    const all = lines(text);
    all.splice(random.below(all.length), random.size(4));
    return all.join("\n");
  },
  (text, random) => {
    const all = lines(text);
    const line = random.pick(all);
    all.splice(random.below(all.length), 0, ...Array<string>(random.size(200)).fill(line));
    return all.join("\n");
  },
  (text, random) => random.shuffled(lines(text)).join("\n"),
  (text, random) => {
    const place = at(text, random);
    return text.slice(0, place) + random.pick(NASTY_TEXTS) + text.slice(place);
  },
  (text, random) => {
    const [from, to] = [at(text, random), at(text, random)];
    return text.slice(0, to) + text.slice(from, from + random.size(500)) + text.slice(to);
  },
  (text, random) => text.replaceAll("\n", random.pick(["\r", "\r\n", "\n\n", " ", "\u2028"])),
];

/** Lists or objects in each other, not always closed. */
export function nested(depth: number, random: Random): string {
  const [open, close] = random.pick([
    ["[", "]"],
    ['{"a":', "}"],
    ["{a: ", "}"],
    ["- ", ""],
  ] as const);
  return `${open.repeat(depth)}1${close.repeat(random.oneIn(4) ? 0 : depth)}`;
}

/** A text with one to four changes: words, numbers and marks taken to extremes, lines repeated, shuffled and lost. */
export function mutateText(random: Random, seed: string): string {
  let text = seed;
  for (let i = random.pick([1, 1, 1, 2, 3, 4]); i > 0; i--) text = random.pick(MUTATIONS)(text, random);
  return text;
}
