/** Random numbers from 0 up to, but not, 1. */
export type Random = () => number;

/** The numbers of a seed. Marsaglia, Xorshift RNGs, Journal of Statistical Software 2003. */
export function seeded(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const upTo = (random: Random, end: number) => Math.floor(random() * end);
const pick = <T>(random: Random, items: readonly T[]): T => items[upTo(random, items.length)]!;
const times = (size: number, unit: string) => unit.repeat(Math.ceil(size / unit.length));
/** Units that carry their number, up to a size. */
function numbered(size: number, unit: (i: number) => string): string {
  const parts: string[] = [];
  for (let i = 0, length = 0; length < size; i++) length += parts[parts.push(unit(i)) - 1]!.length;
  return parts.join("");
}

/** Texts of about `size` characters, each of a kind that some YAML parser takes too long, too deep or too large for. */
export const YAML_KINDS: Readonly<Record<string, (size: number) => string>> = {
  comments: (size) => times(size, "# a comment of a line\n"),
  "one comment": (size) => `# ${times(size, "x")}`,
  "comments in a list": (size) => `a: [\n${times(size, "# c\n")}]`,
  "a list": (size) => `a:\n${times(size, "- 1\n")}`,
  "a list in brackets": (size) => `a: [${times(size, "1,")}]`,
  keys: (size) => numbered(size, (i) => `k${i}: 1\n`),
  "keys of a section": (size) => `DATASET:\n${numbered(size, (i) => ` k${i}: 1\n`)}`,
  "keys in braces": (size) => `DATASET: {${numbered(size, (i) => `k${i}: 1,`)}}`,
  "the same key": (size) => times(size, "DIR: a\n"),
  "keys that are lists": (size) => times(size, "? [a]\n: 1\n"),
  brackets: (size) => `a: ${times(size, "[")}`,
  "closed brackets": (size) => `a: ${"[".repeat(size / 2)}${"]".repeat(size / 2)}`,
  braces: (size) => `a: ${times(size, "{")}`,
  "objects in objects": (size) => times(size, "{a: "),
  "closing brackets": (size) => times(size, "]"),
  dashes: (size) => times(size, "- "),
  "question marks": (size) => times(size, "? "),
  colons: (size) => times(size, ": "),
  "indented keys": (size) => Array.from({ length: Math.sqrt(2 * size) }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
  commas: (size) => `a: [${times(size, ",")}]`,
  "empty lines": (size) => `${times(size, "\n")}a: 1`,
  blanks: (size) => `${times(size, " ")}a: 1`,
  tabs: (size) => `a:${times(size, "\t")}1`,
  digits: (size) => `DATASET:\n  num_class: '${times(size, "1")}x'`,
  "a long number": (size) => `DATASET:\n  num_class: ${times(size, "1")}`,
  "a fraction": (size) => `a: 1.${times(size, "1")}x`,
  "a hexadecimal number": (size) => `a: 0x${times(size, "f")}`,
  "an exponent": (size) => `a: 1e${times(size, "9")}`,
  "a long word": (size) => `DIR: ${times(size, "x")}`,
  "a long key": (size) => `${times(size, "k")}: 1`,
  "words over lines": (size) => `a: b\n${times(size, "  c\n")}`,
  "quotes over lines": (size) => `a: "${times(size, "x\n ")}"`,
  "an open quote": (size) => `a: "${times(size, "x\n")}`,
  "escaped quotes": (size) => `a: '${times(size, "''")}'`,
  "a block": (size) => `a: |\n${times(size, "  x\n")}`,
  "a folded block": (size) => `a: >\n${times(size, "  x\n")}`,
  "an empty block": (size) => `a: >\n${times(size, "\n")}  x\n`,
  pipes: (size) => times(size, "|\n"),
  anchors: (size) => `a:\n${numbered(size, (i) => ` - &a${i} x\n - *a${i}\n`)}`,
  aliases: (size) => `a: &a x\nb: [${times(size, "*a,")}]`,
  "aliases of aliases": () =>
    `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [${times(40, `*a${i},`)}]\n`).join("")}DIR: *a20\n`,
  "an alias of itself": () => "a: &a [*a]\nDIR: *a\n",
  merges: (size) => `a: &a {x: 1}\nb:\n${times(size, "  <<: *a\n")}`,
  "JavaScript's tags": (size) => `a: [${times(size, '!!js/function "x",')}]`,
  tags: (size) => `a: [${times(size, "!a x,")}]`,
  "a binary": (size) => `a: !!binary ${times(size, "x")}`,
  directives: (size) => `${times(size, "%YAML 1.1\n")}---\na: 1`,
  "tags' directives": (size) => `${numbered(size, (i) => `%TAG !a${i}! tag:x${i}\n`)}---\na: 1`,
  documents: (size) => times(size, "---\na: 1\n"),
  "ends of documents": (size) => times(size, "...\n"),
  errors: (size) => times(size, "a: @\n"),
  "colons in a line": (size) => times(size, "a: b: c\n"),
  "lines of Windows": (size) => times(size, "a: 1\r\n"),
  "lines of old Macs": (size) => times(size, "a: 1\r"),
  NULs: (size) => `a: ${times(size, "\0")}`,
  marks: (size) => times(size, "\ufeff"),
  "names that objects have": () => "__proto__: 1\nconstructor: 2\ntoString: 3\nDIR: {toString: 1, valueOf: 2}\n",
  "names in a section": () => "DATASET: {__proto__: {num_class: 3}, constructor: 1}\n",
  "no numbers": () => "DATASET: {num_class: .inf, imgMaxSize: .nan, imgSizes: [1e999, -0x1]}\n",
  "escapes of terminals": () => 'DATASET: {num_class: "\\e[31mred\\nline \\u202e"}\n"\\e]0;x\\a": 1\n',
};

/** A text of one of {@link YAML_KINDS}, of up to a little more than 1 MB. */
export const hostileYaml = (random: Random): string =>
  YAML_KINDS[pick(random, Object.keys(YAML_KINDS))]!(Math.ceil(10 ** (1 + 5.05 * random())));

const ODD = ["__proto__", "constructor", "where", "toString", "../../x", "\u001b[31m", "\u202e", "", "ignore", "other"];

/** A value that no reader waits for, also a deep, long or large one. */
export function oddValue(random: Random): unknown {
  const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)]);
  return pick<() => unknown>(random, [
    () => null,
    () => pick(random, [-1, 0, 0.5, 1e308, 2 ** 53, -0, 256, 4096]),
    () => random() < 0.5,
    () => pick(random, ODD),
    () => "x".repeat(upTo(random, 20_000)),
    () => "1".repeat(upTo(random, 20_000)),
    () => deep(upTo(random, 500)),
    () => Array.from({ length: upTo(random, 2000) }, (_, i) => i),
    () => JSON.parse(`{${JSON.stringify(pick(random, ODD))}: ${upTo(random, 9)}}`),
    () => ({}),
  ])();
}

/** JSON of a value in which one place, or more, holds an odd value, lacks, or has odd neighbours. */
export function hostileJson(random: Random, value: unknown): unknown {
  if (random() < 0.2 || typeof value !== "object" || value === null) return oddValue(random);
  const keys = Object.keys(value);
  const key = pick(random, [...keys, pick(random, ODD)]);
  const inside = (value as Record<string, unknown>)[key];
  const entries = Object.entries(value).filter(([name]) => name !== key);
  if (random() < 0.85) entries.push([key, hostileJson(random, inside)]);
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

const BYTES = [
  ...[..."\0\t\r\n\"'#[]{}:,-?&*!|>%@`~\\;"].map((mark) => Buffer.from(mark)),
  ...[[0xff], [0xfe], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xef, 0xbb, 0xbf], [0x1b, 0x5b, 0x33, 0x31, 0x6d]].map(
    (bytes) => Buffer.from(bytes),
  ),
];

/** The bytes of a text, some cut out, said again, or replaced; now and then in another encoding. */
export function mutatedText(random: Random, text: string): Buffer {
  let bytes: Buffer = Buffer.from(text);
  for (let i = upTo(random, 4); i >= 0; i--) {
    const [a, b] = [upTo(random, bytes.length + 1), upTo(random, bytes.length + 1)].sort((x, y) => x - y) as [
      number,
      number,
    ];
    const part = bytes.subarray(a, b);
    const between = pick<() => Buffer[]>(random, [
      () => [],
      () => [part, part],
      () => [pick(random, BYTES)],
      () => [part, ...Array.from({ length: 10 ** upTo(random, 5) }, () => pick(random, BYTES))],
      () => Array.from({ length: 10 ** upTo(random, 5) }, () => part.subarray(0, 20)),
    ])();
    bytes = Buffer.concat([bytes.subarray(0, a), ...between, bytes.subarray(b)]);
  }
  const kind = random();
  if (kind < 0.05) return Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(bytes.toString(), "utf16le")]);
  if (kind < 0.1) return Buffer.from(bytes.toString(), "utf16le");
  if (kind < 0.15) return Buffer.from(bytes.toString(), "latin1");
  return bytes;
}

/** The text of a list, with odd lines among sound ones. */
export function hostileList(random: Random): Buffer {
  const record = { fpath_img: "a.jpg", fpath_segm: "a.png", width: 683, height: 512 };
  const line = () => JSON.stringify(random() < 0.9 ? record : hostileJson(random, record)) ?? "";
  const text = Array.from({ length: upTo(random, 50) }, line).join("\n");
  return random() < 0.5 ? Buffer.from(text) : mutatedText(random, text);
}

/** The text of a file of classes, and what its name ends in. */
export function hostileClasses(random: Random): { text: Buffer; extension: string } {
  const classes = Array.from({ length: upTo(random, 12) }, (_, i) => ({ name: `class ${i}`, color: [i, 2, 3] }));
  const table = ["name,r,g,b", ...classes.map(({ name, color }) => `"${name}",${color.join()}`)].join("\n");
  return pick<() => { text: Buffer; extension: string }>(random, [
    () => ({ text: Buffer.from(JSON.stringify(hostileJson(random, classes)) ?? ""), extension: ".json" }),
    () => ({ text: mutatedText(random, JSON.stringify(classes)), extension: ".json" }),
    () => ({ text: mutatedText(random, table), extension: ".csv" }),
    () => ({ text: mutatedText(random, classes.map(({ name }) => name).join("\n")), extension: ".txt" }),
  ])();
}

/** The text of a label convention, and what its name ends in. */
export function hostileConvention(random: Random): { text: Buffer; extension: string } {
  const values = { "0": "ignore", "7": 1, "#804080": 2, "1, 2, 3": 3, other: "ignore" };
  const table = "value\tclass\n0\tignore\n7\t1\n";
  return pick<() => { text: Buffer; extension: string }>(random, [
    () => ({ text: Buffer.from(JSON.stringify(hostileJson(random, values)) ?? ""), extension: ".json" }),
    () => ({ text: mutatedText(random, JSON.stringify(values)), extension: ".yaml" }),
    () => ({ text: Buffer.from(hostileYaml(random)), extension: ".yaml" }),
    () => ({ text: mutatedText(random, table), extension: pick(random, [".tsv", ".csv"]) }),
    () => ({ text: mutatedText(random, table.replaceAll("\t", ",")), extension: ".csv" }),
  ])();
}
