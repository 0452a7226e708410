export { ServeError, type ServeErrorCode, type ServeErrorData } from "./errors.ts";
export { isLoopback } from "./guard.ts";
export type { ServeEvent, ServeOptions } from "./options.ts";
export { type RunningService, serve } from "./serve.ts";
