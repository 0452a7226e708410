import { fileURLToPath } from "node:url";
import type { ByteFile } from "./byte-source.ts";
import { PathFile } from "./path-file.ts";
import { openUrl } from "./url-file.ts";

/** Opens a file by its path. */
export const openPath = (path: string, _signal?: AbortSignal): Promise<ByteFile> => PathFile.open(path);

/** Opens what is at an address; `file:` is of this machine. */
export const openAddress = (url: URL, signal?: AbortSignal): Promise<ByteFile> =>
  url.protocol === "file:" ? PathFile.open(fileURLToPath(url)) : openUrl(url, signal);
