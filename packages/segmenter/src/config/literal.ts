// Where the digits end, only a point leads to more: no text is gone through twice.
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const WORDS = new Map<string, boolean | null>([
  ["True", true],
  ["true", true],
  ["False", false],
  ["false", false],
  ["None", null],
  ["null", null],
  ["~", null],
]);

/**
 * Reads text the way Python's configuration files mean it: `True`, `None`, `1e-4`, `(300, 375)`, `(600,)`, `[1, 2]`,
 * `300,375`, `'quoted'`. Text that is none of these stays text, as do lists in lists.
 */
export function parseLiteral(text: string): unknown {
  const trimmed = text.trim();
  const word = parseWord(trimmed);
  if (word !== trimmed) return word;
  const inner = /^\((.*)\)$|^\[(.*)\]$/s.exec(trimmed);
  const list = inner ? (inner[1] ?? inner[2])! : trimmed;
  if (!inner && !/^[^()[\]]*,/.test(list)) return text;
  const items = list.split(",").map((item) => item.trim());
  if (items.at(-1) === "") items.pop();
  return items.map(parseWord);
}

function parseWord(trimmed: string): unknown {
  const word = WORDS.get(trimmed);
  if (word !== undefined) return word;
  if (NUMBER.test(trimmed)) return Number(trimmed);
  return /^(["'])(.*)\1$/s.exec(trimmed)?.[2] ?? trimmed;
}
