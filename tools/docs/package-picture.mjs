import { instance } from "@viz-js/viz";
import { publishable } from "../release-check/packages.mjs";

/**
 * A picture of the packages, drawn from their manifests: an arrow from each to those that it imports, but for those that one of these
 * imports anyway. Its colours are the page's.
 *
 * @returns {Promise<string>} SVG, in one line.
 */
export async function packagePicture() {
  const needs = dependencies();
  const dot = [
    "digraph { rankdir=BT; bgcolor=transparent; nodesep=0.25; ranksep=0.45;",
    'node [shape=box, style="rounded", fontname="sans-serif", fontsize=13, height=0.4, margin="0.14,0.06"]; edge [arrowsize=0.6];',
    ...[...needs.keys()].map((name) => `"${name}" [URL="../modules/_seg_${name}.html"];`),
    ...direct(needs).map(([from, to]) => `"${from}" -> "${to}";`),
    "}",
  ].join("\n");
  const viz = await instance();
  const svg = viz.renderString(dot, { format: "svg" });
  return svg
    .slice(svg.indexOf("<svg"))
    .replace(/<!--.*?-->/gs, "")
    .replace(/<title>.*?<\/title>/gs, "")
    .replace(/ (stroke|fill)="(black|none)"/g, "")
    .replace(/ xlink:title="[^"]*"/g, "")
    .replaceAll("&#45;", "-")
    .replace(
      /<svg[^>]*viewBox="([^"]*)"[^>]*>/,
      '<svg class="package-picture" role="img" aria-label="The packages and what they import" viewBox="$1">',
    )
    .replace(/\s*\n\s*/g, " ");
}

/**
 * The published packages and those of them that each imports.
 *
 * @returns {Map<string, Set<string>>} Names without the scope.
 */
export function dependencies() {
  return new Map(
    publishable().map(({ manifest: { name, dependencies = {}, peerDependencies = {} } }) => {
      const imported = Object.keys({ ...dependencies, ...peerDependencies }).filter((other) =>
        other.startsWith("@seg/"),
      );
      return [name.slice("@seg/".length), new Set(imported.map((other) => other.slice("@seg/".length)))];
    }),
  );
}

/**
 * The pairs without a longer way from one to the other.
 *
 * @param {ReadonlyMap<string, ReadonlySet<string>>} needs
 * @returns {[string, string][]}
 */
export function direct(needs) {
  /** @type {(name: string) => string[]} */
  const below = (name) => [...(needs.get(name) ?? [])].flatMap((other) => [other, ...below(other)]);
  return [...needs].flatMap(([name, others]) => {
    const further = new Set([...others].flatMap(below));
    return [...others]
      .filter((other) => !further.has(other))
      .map((other) => /** @type {[string, string]} */ ([name, other]));
  });
}
