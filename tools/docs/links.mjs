import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * The links of a built site that lead nowhere: to a file or an anchor that is not there, or, outside the site, to what is no address.
 * Nothing is fetched.
 *
 * @param {string} site - Its folder.
 * @returns {string[]} A line for each.
 */
export function brokenLinks(site) {
  const pages = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));
  // The playground's page is another package's, with tests of its own.
  const own = pages.filter((name) => !name.startsWith("playground/"));
  const anchors = new Map(own.map((name) => [join(site, name), anchorsOf(join(site, name))]));
  return own.flatMap((name) => {
    const page = join(site, name);
    const links = [
      ...readFileSync(page, "utf8").matchAll(/<(?:a|img|link|script|iframe)\b[^>]*? (?:href|src)="([^"]*)"/g),
    ];
    const broken = [...new Set(links.map(([, link = ""]) => link))].filter((link) => !leads(link, page, anchors));
    return broken.map((link) => `${relative(site, page)}: ${link}`);
  });
}

/**
 * @param {string} link
 * @param {string} page - Where it stands.
 * @param {Map<string, Set<string>>} anchors
 */
function leads(link, page, anchors) {
  if (/^(https?|mailto|data):/.test(link)) return URL.canParse(link);
  const [path = "", anchor] = link.split("#");
  const found = path ? join(dirname(page), decodeURIComponent(path)) : page;
  if (!existsSync(found)) return false;
  const file = statSync(found).isDirectory() ? join(found, "index.html") : found;
  return (
    existsSync(file) && (!anchor || !anchors.has(file) || anchors.get(file)?.has(decodeURIComponent(anchor)) === true)
  );
}

/** @param {string} page */
function anchorsOf(page) {
  return new Set([...readFileSync(page, "utf8").matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => id));
}
