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

const problems = [
  ...ENCODER_NAMES.flatMap((name) => missing("encoder", name, name.replace(/dilated$/, ""))),
  ...DECODER_NAMES.flatMap((name) => missing("decoder", name, name.replace(/_(deepsup|lite)$/, ""))),
];
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
}

/**
 * @param {"encoder" | "decoder"} kind
 * @param {string} name
 * @param {string} family - The name less its variant, as prose has it.
 */
function missing(kind, name, family) {
  const folder = `packages/${kind}s`;
  const test = `${folder}/test/${name.replaceAll("_", "-")}.test.ts`;
  const tested = pairs.some((pair) => pair[kind] === name) || existsSync(join(root, test));
  const row = read(`${folder}/README.md`).includes(`\n| \`${name}\` |`);
  const listed = namesIn(read("README.md").match(new RegExp(`^\\| \\[\`@seg/${kind}s\`\\].*$`, "m"))?.[0] ?? "");
  return [
    tested || `a test of its values: a pair in tools/testing/reference/models.json, or ${test}`,
    row || `a row in the table of ${folder}/README.md that begins with | \`${name}\` |`,
    listed.includes(family) || `${family} in the row of @seg/${kind}s in README.md`,
  ].flatMap((lack) => (lack === true ? [] : [`Expected of ${kind} ${name} ${lack}.`]));
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
