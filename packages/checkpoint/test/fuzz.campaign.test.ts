import { describeDamagedFiles } from "./helpers/damaged-files.ts";

describeDamagedFiles(2000);
