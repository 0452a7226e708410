import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { anchorOf, githubAnchors } from "../anchors.mjs";
import { brokenLinks } from "../links.mjs";
import { dependencies, direct, packagePicture } from "../package-picture.mjs";
import { section } from "../pages.mjs";
import { tableOf } from "../results-table.mjs";

const TEXT =
  "# Title\n\nFirst.\n\n## One `two`, three\n\nSecond.\n\n```sh\n# no heading\n```\n\n### Below\n\nThird.\n\n## Last\n\nFourth.\n";

it("takes the section under a heading, with those below it, or the whole text without its title", () => {
  expect(section(TEXT, "one-two-three", "a.md")).toBe("Second.\n\n```sh\n# no heading\n```\n\n### Below\n\nThird.");
  expect(section(TEXT, "last", "a.md")).toBe("Fourth.");
  expect(section(TEXT, undefined, "a.md").startsWith("First.")).toBe(true);
});

it("says which headings there are where one is missing", () => {
  expect(() => section(TEXT, "no-heading", "a.md")).toThrow(
    "Expected a heading #no-heading in a.md but it has title, one-two-three, below, last.",
  );
});

it("gives headings with code the anchors that GitHub gives them, in the page's links too", () => {
  expect(anchorOf("What `seg test` reads, and writes")).toBe("what-seg-test-reads-and-writes");
  const heading =
    '<h2 id="what-reads" class="tsd-anchor-link">What <code>seg</code> reads<a href="#what-reads"></a></h2>';
  const page = githubAnchors(`<a href="#what-reads">x</a>${heading}`);
  expect(page).not.toContain("#what-reads");
  expect(page).toContain('<a href="#what-seg-reads">x</a><h2 id="what-seg-reads"');
});

it("draws no arrow where a longer way leads along, and an arrow for all else", () => {
  const needs = new Map([
    ["a", new Set(["b", "c"])],
    ["b", new Set(["c"])],
    ["c", new Set<string>()],
  ]);
  expect(direct(needs)).toEqual([
    ["a", "b"],
    ["b", "c"],
  ]);
});

it("draws every package, in the page's colours", async () => {
  const picture = await packagePicture();
  for (const name of dependencies().keys()) expect(picture).toContain(`>${name}</text>`);
  expect(picture).not.toMatch(/(fill|stroke)="/);
});

it("finds links to files and anchors that are not there, and addresses that are none", () => {
  const links = [
    "b.html",
    "b.html#here",
    "#top",
    "https://example.org/x",
    "gone.html",
    "b.html#gone",
    "#gone",
    "http://",
  ];
  const anchors = links.map((link) => `<a href="${link}">x</a>`).join("");
  const site = siteOf({
    "a.html": `<h1 id="top">a</h1>${anchors}`,
    "b.html": '<h2 id="here">b</h2>',
    "playground/index.html": '<a href="gone">',
  });
  expect(brokenLinks(site)).toEqual(["a.html: gone.html", "a.html: b.html#gone", "a.html: #gone", "a.html: http://"]);
});

it("sets nothing beside published figures that nobody has measured", () => {
  const scores = { meanIou: 41.26, pixelAccuracy: 79.73, photosPerSecond: 8.3 };
  const published = { "some-row": { singleScale: scores, multiScale: { ...scores, meanIou: 42.14 } } };
  expect(tableOf(published, undefined)).toContain(
    "| some-row | 41.26 / 79.73 | not measured | 42.14 / 79.73 | not measured |",
  );
  const measured = { ...scores, meanIou: 41.2, engine: "onnxruntime", workers: 1, finished: "" };
  const rows = [{ row: "some-row", measured, earlier: false }];
  const full = { multiScale: false, photos: 2000, comparable: true, rows };
  expect(tableOf(published, full)).toContain("| 41.26 / 79.73 | 41.20 / 79.73 | 42.14 / 79.73 | not measured |");
  expect(tableOf(published, { ...full, comparable: false })).not.toContain("41.20");
});

/** A folder with files, gone after the test. */
function siteOf(files: Record<string, string>): string {
  const site = mkdtempSync(join(tmpdir(), "site-"));
  onTestFinished(() => rmSync(site, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(site, name)), { recursive: true });
    writeFileSync(join(site, name), text);
  }
  return site;
}
