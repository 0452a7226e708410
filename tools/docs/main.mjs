// The documentation site, built of docs/, the READMEs and the docstrings into docs/dist; fails for what does not hold in it: a link that leads
// nowhere, an export without a docstring, more exports without an example than there were. Names of packages build it with those alone, to look at.
import { cpSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Application, PageEvent } from "typedoc";
import { root } from "../release-check/packages.mjs";
import { githubAnchors } from "./anchors.mjs";
import { examplesProblem, withoutExample } from "./examples.mjs";
import { brokenLinks } from "./links.mjs";
import { PLAYGROUND, writePages } from "./pages.mjs";

const site = join(root, "docs/dist");
/** In its page's place; TypeDoc would look for it before it is there. */
const FRAME =
  '<p><a href="../playground/index.html">Open it alone</a></p><iframe src="../playground/index.html" title="Segment a photo"></iframe>';
const pages = join(root, ".cache/docs");

process.chdir(root);
const only = process.argv.slice(2);
const projectDocuments = await writePages(pages);
const app = await Application.bootstrapWithPlugins({
  options: join(root, "typedoc.json"),
  projectDocuments,
  ...(only.length > 0 && { entryPoints: only.map((name) => `packages/${name}`), logLevel: "Error" }),
});
app.renderer.on(PageEvent.END, (page) => {
  // TypeDoc looks for the files of all other links, and a picture's lead to what it makes itself.
  const html = githubAnchors(page.contents ?? "").replaceAll(" xlink:href=", " href=");
  page.contents = html.replace('<div class="playground"></div>', FRAME);
});
const project = await app.convert();
if (project) {
  app.validate(project);
  await app.generateOutputs(project);
}
// With some packages alone, links to the others lead nowhere.
const warned = only.length === 0 && app.logger.hasWarnings();
process.exitCode = !project || app.logger.hasErrors() || warned ? 1 : 0;

const playground = join(root, PLAYGROUND);
if (existsSync(playground)) cpSync(dirname(playground), join(site, "playground"), { recursive: true });

if (project && only.length === 0) {
  const problems = [
    ...brokenLinks(site).map((link) => `Expected a link's target but found none: ${link}`),
    ...examplesProblem(withoutExample(project)),
  ];
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
if (process.exitCode === 0) console.log("The site is docs/dist/index.html.");
