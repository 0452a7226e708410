import { CST, type Document, isNode, Lexer, LineCounter, Parser, parseDocument } from "yaml";
import { TextProblem } from "./text-problem.ts";

export { TextProblem };

/** A YAML file, or a JSON one, which is YAML too. */
export interface ParsedYaml {
  document: Document.Parsed;
  /** The line of a place in the text, from 1. */
  lineOf(offset: number | undefined): number;
  /** What a node of the document stands for; of `null`, `null`. */
  toValue(node: unknown): unknown;
}

/** Words and marks together. It takes the parser about a tenth of a second at most. */
const MOST_TOKENS = 8_000;
/** Comments and blank lines cost it a hundredth of a millisecond each. */
const MOST_LINES = 8_000;
/** What is no word and no mark. */
const UNCOUNTED: readonly unknown[] = ["space", "newline", "comment", "doc-mode"];
/** Of lists and objects in one another. */
const DEEPEST = 20;
/** Of one text; the parser's time grows with the square of it. */
const LONGEST = 10_000;
/** Each is looked for from the beginning. */
const MOST_ALIASES = 100;

/**
 * Parses YAML, in a time that grows no faster than the text: one with more than 8,000 words and marks or 8,000 lines, more than 20 levels, a word of more than
 * 10,000 characters or more than 100 anchors and aliases is refused before it is parsed; a second document is refused too. That a key stands twice is the caller's to find.
 *
 * @param text - up to 1 MB, as files of classes and configurations have at most.
 * @throws {TextProblem} with the line of what is wrong.
 */
export function parseYaml(text: string): ParsedYaml {
  refuseLarge(text);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: "error", // at "silent" a second document is dropped without a word
  });
  const lineOf = (offset = 0) => lines.linePos(offset).line;
  const [problem] = document.errors;
  if (problem?.code === "MULTIPLE_DOCS") {
    throw new TextProblem("a second document begins there, of which there must be one", lineOf(problem.pos[0]));
  }
  if (problem) {
    const what = problem.message.split("\n")[0]!.replace(/\.$/, "");
    throw new TextProblem(`${what[0]!.toLowerCase()}${what.slice(1)}`, lineOf(problem.pos[0]));
  }
  const toValue = (node: unknown): unknown => {
    if (!isNode(node)) return null;
    try {
      return node.toJS(document);
    } catch (error) {
      // Aliases of aliases that stand for more than there is room for, or for nothing.
      throw new TextProblem(
        (error as Error).message.replace(/^[A-Z]/, (first) => first.toLowerCase()),
        lineOf(node.range?.[0]),
      );
    }
  };
  return { document, lineOf, toValue };
}

/** Goes through a text's words without making nodes of them, and so without recursion. */
function refuseLarge(text: string): void {
  const parser = new Parser();
  let tokens = 0;
  let aliases = 0;
  let line = 1;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    const kind = isScalar ? "scalar" : CST.tokenType(token);
    isScalar = token === CST.SCALAR && !isScalar;
    if (kind === "anchor" || kind === "alias") aliases++;
    if (token !== CST.SCALAR && !UNCOUNTED.includes(kind)) tokens++;
    if (tokens > MOST_TOKENS) throw new TextProblem("it has more than 8,000 words and marks", line);
    if (aliases > MOST_ALIASES) throw new TextProblem("it has more than 100 anchors and aliases", line);
    if (kind === "scalar" && token.length > LONGEST) {
      throw new TextProblem("a text in it has more than 10,000 characters", line);
    }
    // It gives whole documents, which are looked at later.
    Array.from(parser.next(token));
    // The document, and the lists and objects that are open, by brackets or by indentation.
    const open = parser.stack;
    if (open.length > DEEPEST + 1 && "items" in open.at(-1)!) {
      throw new TextProblem("it is nested more than 20 levels deep", line);
    }
    line += count(token, "\n");
    if (line > MOST_LINES) throw new TextProblem("it has more than 8,000 lines", line);
  }
}

function count(text: string, mark: string): number {
  let found = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) found++;
  return found;
}
