import { isSegError, shorten } from "@seg/errors";
import type { FastifyError } from "fastify";
import { Problem } from "./problem.ts";

/** What a client is told of an error that a request ended with; `undefined` for one that is the service's own fault. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (isSegError(error) && error.name === "DataError") return photoProblem(error);
  const { statusCode, code, message, validation } = error as FastifyError;
  if (validation || code === "FST_ERR_BAD_URL") return new Problem("bad-request", lineOf(message));
  if (statusCode === 413) return new Problem("too-large", "The body has more bytes than this service takes.");
  if (statusCode === 415) {
    return new Problem("unsupported-type", "Expected a body of image/*, application/octet-stream or application/json.");
  }
  if (statusCode === 408) return new Problem("too-slow", "The request did not arrive in time.");
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Problem("bad-request", lineOf(message));
  }
  return undefined;
}

/** What is wrong with a photo; its line names no file, as photos come in memory. */
function photoProblem(error: Error & { code: string; data: object }): Problem | undefined {
  if (error.code === "option") return undefined;
  const { width = 0, height = 0 } = error.data as { width?: number; height?: number };
  const isLarge = error.code === "bad-size" && Math.min(width, height) > 1;
  return new Problem(isLarge ? "too-large" : "not-a-photo", lineOf(error.message.replaceAll("the given buffer", "it")));
}

const lineOf = (message: string) => shorten(message, 500);
