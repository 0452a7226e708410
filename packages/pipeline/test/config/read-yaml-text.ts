import { join } from "node:path";
import type { Config } from "@seg/segmenter/config";
import { temporaryFolder } from "@seg/testing/node";
import { loadConfig } from "../../src/config/load.ts";

/** The configuration that a file of this text makes. */
export const readYamlText = (text: string): Config =>
  loadConfig({ cfg: join(temporaryFolder({ "my.yaml": text }), "my.yaml") }).config;
