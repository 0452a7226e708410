import { thorough } from "@seg/testing/thorough";
import { describeDamagedFiles } from "./helpers/damaged-files.ts";

describeDamagedFiles(thorough ? 2000 : 1000);
