// What an architecture is not whole without: checks that each encoder and decoder has a test of its values, and stands in the READMEs.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./packages.mjs";

/**
 * A module of a built package; not a static import, which would make the check of types wait for the build.
 *
 * @param {string} path - From the folder of packages.
 * @returns {Promise<{ ENCODER_NAMES: string[], DECODER_NAMES: string[] }>}
 */
const built = (path) => import(pathToFileURL(join(root, "packages", path)).href);

const { ENCODER_NAMES } = await built("encoders/dist/feature-info.js");
const { DECODER_NAMES } = await built("decoders/dist/requirements.js");

/** @param {string} path - From the repository's root. */
const read = (path) => readFileSync(join(root, path), "utf8");

/** @type {{ encoder: string, decoder: string }[]} */
const pairs = JSON.parse(read("tools/testing/reference/models.json"));

const problems = new Set([
  ...ENCODER_NAMES.flatMap((name) => problemsOf("encoder", name, name.replace(/dilated$/, ""))),
  ...DECODER_NAMES.flatMap((name) => problemsOf("decoder", name, name.replace(/_(deepsup|lite)$/, ""))),
]);
if (problems.size > 0) {
  console.error([...problems].join("\n"));
  process.exitCode = 1;
}

/**
 * @param {"encoder" | "decoder"} kind
 * @param {string} name
 * @param {string} family - The name less its variant, as prose has it.
 */
function problemsOf(kind, name, family) {
  const folder = `packages/${kind}s`;
  const tests = [name, family].map((own) => `${folder}/test/${own.replaceAll("_", "-")}.test.ts`);
  const found = [];
  if (!pairs.some((pair) => pair[kind] === name) && !tests.some((test) => existsSync(join(root, test)))) {
    const expected = `Expected a test of what ${kind} ${name} computes but there is none`;
    found.push(`${expected}: add a pair to tools/testing/reference/models.json, or ${tests[0]}.`);
  }
  if (!read(`${folder}/README.md`).includes(`\n| \`${name}\` |`)) {
    found.push(`Expected a row for ${kind} ${name} in ${folder}/README.md: add | \`${name}\` | … to its table.`);
  }
  const [row = ""] = read("README.md").match(new RegExp(`^\\| \\[\`@seg/${kind}s\`\\].*$`, "m")) ?? [];
  if (!namesIn(row).includes(family)) {
    found.push(`Expected ${family} in README.md: add it to the row of @seg/${kind}s.`);
  }
  return found;
}

/**
 * The words of a text as names: `ResNet-18/50` is resnet18 and resnet50.
 *
 * @param {string} text
 */
function namesIn(text) {
  const words =
    text
      .toLowerCase()
      .replaceAll("-", "")
      .match(/[\w/]+/g) ?? [];
  return words.flatMap((word) => {
    const [first = "", ...sizes] = word.split("/");
    return [first, ...sizes.map((size) => first.replace(/\d+$/, size))];
  });
}
