import { shorten } from "./printable.ts";

/** A longer address is shown by its beginning and end. */
const LONGEST = 200;

/**
 * An address as lines, data and notes show it, without what may be secret: name and password (`user:password@`), the query (`?token=…`), of
 * which `?…` stays, and the fragment. Of addresses that hold their data themselves (`data:`) the beginning is shown.
 *
 * @param url - the address; need not be a valid one.
 *
 * @example
 * ```ts
 * import { shownUrl } from "@seg/errors";
 *
 * console.log(shownUrl("https://ann:secret@example.org/net.pth?token=abc")); // https://example.org/net.pth?…
 * ```
 */
export function shownUrl(url: string): string {
  if (/^(data|blob):/i.test(url)) return url.length > LONGEST ? `${url.slice(0, 40)}…` : url;
  const [, path = "", query] = /^([^?#]*)(\?[^#]*)?/.exec(url) ?? [];
  // What is no address may have its password anywhere before an @. Those of files have none; an @ alone is of a folder's name.
  const named = /^file:/i.test(url)
    ? /^(file:[/\\]*)[^/\\:@]*:[^/\\]*@/i
    : URL.canParse(url)
      ? /^([a-z][a-z\d+.-]*:[/\\]*)[^/\\]*@/i
      : /^([a-z][a-z\d+.-]*:[/\\]*).*@/i;
  return `${shorten(path.replace(named, "$1"), LONGEST)}${query ? "?…" : ""}`;
}

/**
 * Every address in a text, whatever its scheme, also one that lost or won a slash when it was joined to a folder. One letter is a Windows
 * drive's.
 */
const ADDRESS = /(?:(?:https?|s?ftps?|wss?):[/\\]*|[a-z][a-z\d+.-]{1,20}:[/\\]+)[^\s"'`<>()]*[^\s"'`<>().,:;!?]/gi;

/** Text with every address in it as {@link shownUrl} shows it. */
export function withoutSecrets(text: string): string {
  return text.replace(ADDRESS, (url) => (/[@?#]/.test(url) ? shownUrl(url) : url));
}
