/**
 * Gives headings the anchors that GitHub gives them, where TypeDoc leaves out what stands in code: READMEs are read in both places.
 *
 * @param {string} html - A page.
 */
export function githubAnchors(html) {
  const headings = [...html.matchAll(/<h\d id="([^"]+)" class="tsd-anchor-link">(.*?)<a href="#\1"/gs)];
  return headings.reduce((page, [, id = "", title = ""]) => {
    if (!title.includes("<code>")) return page;
    const anchor = anchorOf(title.replace(/<[^>]+>/g, "").replace(/&\w+;|&#\d+;/g, ""));
    return page.replaceAll(`id="${id}"`, `id="${anchor}"`).replaceAll(`href="#${id}"`, `href="#${anchor}"`);
  }, html);
}

/**
 * The anchor of a heading, as GitHub makes it.
 *
 * @param {string} title - As text.
 */
export function anchorOf(title) {
  const kept = title
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "");
  return kept.replace(/\s/g, "-");
}
