import { isSegError, shorten } from "@seg/errors";
import type { FastifyError } from "fastify";
import { Problem, type ProblemCode } from "./problem.ts";
import { validationLine } from "./validation-line.ts";

/** What is wrong with a body of another type. */
export const WRONG_TYPE = "Expected a body of image/*, application/octet-stream or application/json.";

/** Problems of statuses that fastify and its plugins give, with a line where theirs says too little. */
const BY_STATUS: Readonly<Record<number, readonly [code: ProblemCode, line?: string]>> = {
  408: ["too-slow", "The request did not arrive in time."],
  412: ["precondition-failed", "The file is not as If-Match or If-Unmodified-Since has it."],
  413: ["too-large", "The body has more bytes than this service takes."],
  415: ["unsupported-type", WRONG_TYPE],
  416: ["wrong-range", "The file has no such bytes as Range names; Content-Range tells how many it has."],
};

/** What a client is told of an error that a request ended with; `undefined` for one that is the service's own fault. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (isSegError(error) && error.name === "DataError") return photoProblem(error);
  const { statusCode = 500, code, message, validation, headers } = error as FastifyError & { headers?: object };
  if (validation) return new Problem("bad-request", lineOf(validationLine(error as FastifyError)));
  if (code === "FST_ERR_BAD_URL") return new Problem("bad-request", lineOf(message));
  if (statusCode < 400 || statusCode >= 500) return undefined;
  const [known, line] = BY_STATUS[statusCode] ?? ["bad-request"];
  return new Problem(known, line ?? lineOf(message), { ...headers });
}

/** What concerns who runs the service, in lines that tell of a photo's size. */
const FOR_OTHERS =
  /(?: or raise imgMaxSize|, or raise maxPixels \([^)]*\)| \(DATASET\.\w+\)|, less than maxPixels [^,]*,)/g;

/** What is wrong with a photo; its line names no file, as photos come in memory. */
function photoProblem(error: Error & { code: string }): Problem | undefined {
  if (error.code === "option") return undefined;
  const line = error.message.replaceAll("the given buffer", "it").replace(FOR_OTHERS, "");
  // One that is too long for its height has few pixels.
  const isLarge = error.code === "bad-size" && line.startsWith("Expected an image of at most ");
  return new Problem(isLarge ? "too-large" : "not-a-photo", lineOf(line));
}

const lineOf = (message: string) => shorten(message, 500);
