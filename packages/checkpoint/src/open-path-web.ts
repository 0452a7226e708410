import type { ByteFile } from "./byte-source.ts";
import { openUrl } from "./url-file.ts";

/** Opens what is at an address that may be relative to the page's, or to that of a worker's script. */
export const openPath = (path: string, signal?: AbortSignal): Promise<ByteFile> => {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } };
  return openUrl(new URL(path, document?.baseURI ?? location?.href), signal);
};

export { openUrl as openAddress } from "./url-file.ts";
