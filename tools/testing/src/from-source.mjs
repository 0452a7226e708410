// Lets plain Node run the sources: strips the types of each .ts file. Used as `node --conditions=@seg/source --import <this>`.
import { register } from "node:module";

register(new URL("../../../packages/node/src/typescript-hooks.mjs", import.meta.url));
