import { readFileSync, writeFileSync } from "node:fs";
import { ReflectionKind } from "typedoc";

/** How many public functions and classes have no example: a number that only falls. */
const COUNTED = new URL("without-example.json", import.meta.url);

/**
 * The exported functions and classes whose docstrings have no `@example`.
 *
 * @param {import("typedoc").ProjectReflection} project
 * @returns {string[]} Such as `@seg/metrics: BoundaryIou`.
 */
export function withoutExample(project) {
  const lacking = project
    .getReflectionsByKind(ReflectionKind.FunctionOrMethod | ReflectionKind.Class)
    .filter((reflection) => {
      if (!reflection.isDeclaration() || !reflection.parent?.kindOf(ReflectionKind.Module | ReflectionKind.Project))
        return false;
      const comments = [reflection.comment, ...(reflection.signatures ?? []).map(({ comment }) => comment)];
      return !comments.some((comment) => comment?.getTag("@example"));
    });
  return lacking.map(({ parent, name }) => `${parent?.name}: ${name}`).sort();
}

/**
 * What is to be said of their number. Where it fell, the new one is kept in the file.
 *
 * @param {string[]} lacking
 * @returns {string[]}
 */
export function examplesProblem(lacking, counted = COUNTED) {
  const { most } = JSON.parse(readFileSync(counted, "utf8"));
  if (lacking.length < most) {
    writeFileSync(counted, `{ "most": ${lacking.length} }\n`);
    return [
      `${lacking.length} public functions and classes have no example, ${most} had none: that number now stands in ${counted.pathname}; commit it.`,
    ];
  }
  if (lacking.length === most) return [];
  return [
    `Expected at most ${most} public functions and classes without an @example but found ${lacking.length}: give one to what is new.`,
    ...lacking,
  ];
}
