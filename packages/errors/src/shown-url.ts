import { shorten } from "./printable.ts";

/** A longer address is shown by its beginning and end. */
const LONGEST = 200;

/**
 * An address as lines, data and notes show it, without what may be secret: name and password (`user:password@`), the query (`?token=…`), of
 * which `?…` stays, and the fragment. Of addresses that hold their data themselves (`data:`) the beginning is shown.
 *
 * @param url - the address; need not be a valid one.
 */
export function shownUrl(url: string): string {
  if (/^(data|blob):/i.test(url)) return url.length > LONGEST ? `${url.slice(0, 40)}…` : url;
  const [, path = "", query] = /^([^?#]*)(\?[^#]*)?/.exec(url) ?? [];
  // What is no address may have its password anywhere before an @.
  const named = URL.canParse(url) ? /^([a-z][a-z\d+.-]*:[/\\]*)[^/\\]*@/i : /^([a-z][a-z\d+.-]*:[/\\]*).*@/i;
  return `${shorten(path.replace(named, "$1"), LONGEST)}${query ? "?…" : ""}`;
}

/** Text with every web address in it as {@link shownUrl} shows it. */
export function withoutSecrets(text: string): string {
  return text.replace(/https?:[/\\]{2}[^\s"'`<>()]*[^\s"'`<>().,:;!?]/gi, (url) =>
    /[@?#]/.test(url) ? shownUrl(url) : url,
  );
}
