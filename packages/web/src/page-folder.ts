import { fileURLToPath } from "node:url";

/** The folder of the built page: plain files for any static server, under any path. `pnpm build` makes it; the published package brings it. */
export const pageFolder: string = fileURLToPath(new URL("../page", import.meta.url));
