import { PROBLEMS } from "./problem.ts";

/** As much of an OpenAPI document as the page shows. */
interface Document {
  info?: { title?: string; version?: string; description?: string };
  paths?: Record<string, Record<string, unknown> | undefined>;
}

interface Operation {
  summary?: string;
  description?: string;
  parameters?: { name: string; in: string; description?: string; required?: boolean; schema?: unknown }[];
  requestBody?: { content?: Record<string, { schema?: unknown }> };
  responses?: Record<string, { description?: string; content?: Record<string, unknown> }>;
}

/** A page that shows an OpenAPI document: without scripts, and without anything from elsewhere. */
export function docsPage(document: object): string {
  const { info = {}, paths = {} } = document as Document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods ?? {}).map(([method, operation]) => section(path, method, operation as Operation)),
  );
  const problems = Object.entries(PROBLEMS).map(
    ([code, [status, meaning]]) => `<tr id="${code}"><td>${status}<td><code>${code}</code><td>${html(meaning)}`,
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${html(info.title)}: documentation</title>
<style>${STYLE}</style>
<main>
<h1>${html(info.title)} <small>${html(info.version)}</small></h1>
<p>${html(info.description)} The same as a document for programs: <a href="openapi.json">OpenAPI 3.1</a>.</p>
<pre>${html(EXAMPLES)}</pre>
${operations.join("\n")}
<h2>Problems</h2>
<p>Every failed request is answered as RFC 9457 has it, in <code>application/problem+json</code>: <code>type</code>, <code>title</code>,
<code>status</code>, <code>detail</code>, <code>instance</code> and <code>code</code>.</p>
<table><tr><th>status<th>code<th>meaning${problems.join("\n")}</table>
</main></html>
`;
}

const EXAMPLES = `curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' http://localhost:8080/v1/segment
curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' -H 'Accept: image/png' -o overlay.png http://localhost:8080/v1/segment
curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' -o sky.png 'http://localhost:8080/v1/segment?mask=sky'`;

function section(path: string, method: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody, responses = {} } = operation;
  const rows = parameters.map(
    ({ name, in: where, description: text }) => `<tr><td><code>${html(name)}</code><td>${where}<td>${html(text)}`,
  );
  const answers = Object.entries(responses).map(
    ([status, { description: text, content = {} }]) =>
      `<tr><td>${status}<td>${Object.keys(content).map(html).join("<br>")}<td>${html(text)}`,
  );
  const bodies = Object.keys(requestBody?.content ?? {}).map((type) => `<code>${html(type)}</code>`);
  return `<h2><code>${method.toUpperCase()} ${html(path)}</code></h2>
<p><b>${html(summary)}.</b> ${html(description)}</p>
${rows.length > 0 ? `<table><tr><th>parameter<th>in<th>meaning${rows.join("\n")}</table>` : ""}
${bodies.length > 0 ? `<p>Body: ${bodies.join(", ")}</p>` : ""}
<table><tr><th>status<th>as<th>meaning${answers.join("\n")}</table>`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const html = (text = "") => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0}main{max-width:60rem;margin:auto;padding:1rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #8886}
pre{overflow:auto;padding:1rem;border:1px solid #8886;border-radius:.4rem}tr:target{outline:2px solid}`;
