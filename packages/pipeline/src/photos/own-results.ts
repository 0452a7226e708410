import { sep } from "node:path";

/** What the pictures of a photo `<name>` are called behind its name. */
const RESULT = /^(.*)_(overlay|labels|legend|side_by_side)\.png$/;
/** What lies in a photo's folder of masks. */
const MASK = /^(.*)_masks$/;

/**
 * Which of a folder's files an earlier run has written: pictures of a name of which there are both an overlay and a label map, as no one
 * else makes them.
 */
export function ownResults(files: readonly string[]): Set<string> {
  const all = new Set(files);
  const isName = (name: string | undefined) =>
    name !== undefined && all.has(`${name}_overlay.png`) && all.has(`${name}_labels.png`);
  const isOwn = (file: string) => isName(RESULT.exec(file)?.[1]) || isName(MASK.exec(folderOf(file))?.[1]);
  return new Set(files.filter(isOwn));
}

const folderOf = (file: string) => file.slice(0, Math.max(0, file.lastIndexOf(sep)));
