import type { ByteFile } from "./byte-source.ts";
import { CheckpointError } from "./errors.ts";
import { openUrl } from "./url-file.ts";

/** Opens what is at an address that may be relative to the page's, or to that of a worker's script. */
export const openPath = async (path: string, signal?: AbortSignal): Promise<ByteFile> => {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } };
  const base = document?.baseURI ?? location?.href;
  if (!URL.canParse(path, base)) throw new CheckpointError("not-found", "it is no address: check it");
  return openUrl(new URL(path, base), signal);
};

export { openUrl as openAddress } from "./url-file.ts";
