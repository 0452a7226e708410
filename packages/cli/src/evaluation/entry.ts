import { extname } from "node:path";

/** The file of this folder that another process or thread begins with; it ends in .ts or .js as this one does. */
export function entry(name: "worker" | "loader"): URL {
  return new URL(`./${name}${extname(import.meta.url)}`, import.meta.url);
}
