import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import files from "@fastify/static";
import { pageFolder } from "@seg/web/page";
import type { FastifyInstance } from "fastify";

/**
 * The page at `/`: the files of a folder, or where there is none a sentence.
 *
 * @param given - the folder; default that of `@seg/web/page`.
 */
export async function pageRoutes(app: FastifyInstance, given: string | undefined): Promise<void> {
  const folder = given ?? pageFolder;
  if (!existsSync(join(folder, "index.html"))) {
    app.get("/", { schema: { hide: true } }, async (_request, reply) =>
      reply
        .type("text/html; charset=utf-8")
        .header("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
        .send(NO_PAGE),
    );
    return;
  }
  const policy = policyOf(readFileSync(join(folder, "index.html"), "utf8"));
  await app.register(files, {
    root: folder,
    prefix: "/",
    // A route for each file, so that others' methods are told apart from addresses that there are not.
    wildcard: false,
    decorateReply: false,
    setHeaders(reply, file) {
      if (file.endsWith(".html")) reply.header("content-security-policy", policy);
      // So that ONNX Runtime may have threads there; TF.js's need a bundle that is not minified.
      reply.header("cross-origin-opener-policy", "same-origin");
      reply.header("cross-origin-embedder-policy", "require-corp");
    },
  });
}

/** What the page itself lets be loaded, in a header, and in nobody's frame, which only a header can say. */
function policyOf(page: string): string {
  const [, own] = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/i.exec(page) ?? [];
  return [...(own ? [own] : []), "frame-ancestors 'none'"].join("; ");
}

const NO_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Scene parsing</title>
<h1>Scene parsing</h1>
<p>The page is not built here. The service works without it: <a href="docs">its documentation</a> shows how photos are sent.</p>
</html>
`;
