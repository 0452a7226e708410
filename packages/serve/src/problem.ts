import { STATUS_CODES } from "node:http";

/** What can be wrong with a request, by its code, with the HTTP status that tells it. */
export const PROBLEMS = {
  "bad-request": [400, "The request does not have the form that this service understands."],
  "foreign-origin": [403, "A page of another origin has sent the request, and that origin is not allowed."],
  "not-found": [404, "There is nothing at this address."],
  "wrong-method": [405, "There is something at this address, but not for this method; Allow names those there are."],
  "not-acceptable": [406, "The answer cannot have any of the media types of Accept."],
  "too-slow": [408, "The request did not arrive in time."],
  "precondition-failed": [412, "The file has changed, or is not the one that If-Match names."],
  "too-large": [413, "The body has more bytes, or the photo more pixels, than this service takes."],
  "unsupported-type": [
    415,
    "The body is neither an image nor JSON, or it is encoded; it is taken as it is, without Content-Encoding.",
  ],
  "wrong-range": [416, "The file has no such bytes as Range names."],
  "unmet-expectation": [417, "Expect names what this service does not know."],
  "wrong-host": [421, "The request names a host that this service does not go by."],
  "not-a-photo": [422, "The photo cannot be read, or an option names what there is not."],
  "queue-full": [
    429,
    "More requests are waiting than the queue holds, or more photos are on their way than are received at a time; Retry-After tells when to ask again.",
  ],
  failed: [500, "The photo could not be segmented."],
  "not-ready": [503, "No worker is ready, or the service is about to end; Retry-After tells when to ask again."],
  "took-too-long": [504, "The answer was not there within the time that a request may take."],
} as const satisfies Record<string, readonly [status: number, meaning: string]>;

/** A problem's stable name. */
export type ProblemCode = keyof typeof PROBLEMS;

/** What a client is told of a failed request; thrown wherever one fails. */
export class Problem extends Error {
  readonly code: ProblemCode;
  /** Headers that go with it. */
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param code - what is wrong.
   * @param detail - one line for this occurrence; without paths or stacks of the server.
   * @param headers - `retry-after`, `allow`.
   */
  constructor(code: ProblemCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.code = code;
    this.headers = headers;
  }

  get status(): number {
    return PROBLEMS[this.code][0];
  }
}

/** The media type of problems. */
export const PROBLEM_TYPE = "application/problem+json";

/**
 * A problem as RFC 9457 has it.
 *
 * @param id - the request's.
 */
export function problemBody({ code, status, message }: Problem, id: string) {
  const title = STATUS_CODES[status]!;
  return { type: `/docs#${code}`, title, status, detail: message, instance: `urn:uuid:${id}`, code };
}

/** The JSON schema of {@link problemBody}. */
export const PROBLEM_SCHEMA = {
  $id: "Problem",
  type: "object",
  description: "A failed request (RFC 9457).",
  required: ["type", "title", "status", "detail", "instance", "code"],
  additionalProperties: false,
  properties: {
    type: { type: "string", description: "Where the problem is explained." },
    title: { type: "string", description: "The status in words." },
    status: { type: "integer", minimum: 400, maximum: 599 },
    detail: { type: "string", description: "What was wrong with this request." },
    instance: { type: "string", description: "This request, as X-Request-Id and the log name it." },
    code: { type: "string", enum: Object.keys(PROBLEMS), description: "The problem, for programs." },
  },
} as const;
