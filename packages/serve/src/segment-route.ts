import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Arrival, type Arrivals, bodyOf } from "./arrivals.ts";
import { WRONG_TYPE } from "./failures.ts";
import { fetchPhoto } from "./fetch-photo.ts";
import type { WorkerInfo } from "./messages.ts";
import type { Metrics } from "./metrics.ts";
import type { Limits, ServeOptions } from "./options.ts";
import type { Pool } from "./pool.ts";
import { Problem } from "./problem.ts";
import { fileOf, type SegmentBody, type SegmentQuery, taskOf, wishesOf } from "./segment-request.ts";
import { problemResponses, QUERY_SCHEMA } from "./segment-schema.ts";

/** What the routes stand on. */
export interface Service {
  limits: Limits;
  urls: ServeOptions["urls"];
  /** The most pixels of a photo. */
  maxPixels: number;
  metrics: Metrics;
  /** Photos on their way, which take memory too. */
  arrivals: Arrivals;
  /** Not there before the weights are. */
  pool(): Pool | undefined;
  /** Not there before the first worker is ready. */
  info(): WorkerInfo | undefined;
}

const BINARY = { type: "string", format: "binary" } as const;

/** `POST /v1/segment`. */
export function segmentRoute(app: FastifyInstance, service: Service): void {
  const { limits, metrics } = service;
  const bodies = new WeakMap<FastifyRequest, Arrival>();

  app.post<{ Querystring: SegmentQuery; Body: Buffer | SegmentBody }>(
    "/v1/segment",
    {
      schema: {
        operationId: "segment",
        summary: "What a photo shows",
        description:
          "The photo is the body itself, as `image/*` or `application/octet-stream` with options in the query, or it stands in a JSON body with the options. Its contents decide its format: JPEG, PNG, WebP, AVIF, TIFF, GIF or BMP.",
        querystring: QUERY_SCHEMA,
        body: {
          content: {
            "application/json": { schema: { $ref: "SegmentRequest#" } },
            // Whatever it is: with a schema, a body that is no JSON would be held against it.
            "application/octet-stream": { schema: {} },
            "image/*": { schema: {} },
          },
        },
        response: {
          200: {
            description: "By Accept: the classes and their shares, or a picture.",
            content: {
              "application/json": { schema: { $ref: "Segmentation#" } },
              "image/png": { schema: BINARY },
            },
          },
          ...problemResponses("bad-request", "foreign-origin", "not-acceptable", "too-slow", "too-large"),
          ...problemResponses("unsupported-type", "wrong-host", "not-a-photo", "queue-full", "failed"),
          ...problemResponses("not-ready", "took-too-long"),
        },
      },
      // Before a body is read, so that what cannot be done takes no memory either.
      onRequest: async (request, reply) => {
        refuseByHead(request, limits.maxBytes);
        const pool = readyPool(service);
        if (pool.isFull) throw pool.full();
        const arrival = service.arrivals.begin();
        bodies.set(request, arrival);
        reply.raw.once("close", arrival.end);
      },
      preParsing: async (request, reply, payload) => {
        if (request.headers.expect) reply.raw.writeContinue();
        return bodyOf(payload as Readable, bodies.get(request)!);
      },
      preValidation: async (request) => bodies.get(request)!.end(),
    },
    async (request, reply) => {
      const pool = readyPool(service);
      const { query } = request;
      const body = request.body as typeof request.body | null | undefined;
      if (!body || (Buffer.isBuffer(body) && body.length === 0)) {
        throw new Problem("bad-request", "Expected a photo or JSON but received an empty body.");
      }
      const json = Buffer.isBuffer(body) ? undefined : body;
      if (json && Object.keys(query).length > 0) {
        throw new Problem("bad-request", "Expected options in the JSON body but received some in the query.");
      }
      // CORS may have said Origin.
      reply.header("vary", [reply.getHeader("vary"), "Accept"].filter(Boolean).join(", "));
      const accepts = (types: string[]) => request.accepts().type(types) as string | false;
      const wanted = taskOf(json ?? wishesOf(query), accepts, service.info()!.classes, limits);

      const wish = new AbortController();
      const late = setTimeout(() => {
        const detail = `The answer was not there after ${limits.timeLimit} seconds.`;
        wish.abort(new Problem("took-too-long", detail));
      }, limits.timeLimit * 1000);
      const gone = () => wish.abort(new Error("the client went away"));
      reply.raw.once("close", gone);
      try {
        const photo = Buffer.isBuffer(body) ? body : await photoOf(body, service, wish.signal);
        const { facts, png } = await pool.run({ ...wanted, photo, maxPixels: service.maxPixels }, wish.signal);
        metrics.segmented(facts.width * facts.height);
        if (png) return reply.type("image/png").send(Buffer.from(png.buffer, png.byteOffset, png.byteLength));
        return reply.type("application/json").send(facts);
      } finally {
        clearTimeout(late);
        reply.raw.off("close", gone);
      }
    },
  );
}

const TYPES = /^\s*(?:image\/[^;\s]+|application\/(?:octet-stream|json))\s*(?:;|$)/i;

/** Base64 has four characters for three bytes; a JSON body holds options beside them. */
export const jsonBytes = (maxBytes: number) => Math.ceil(maxBytes / 3) * 4 + 65_536;

/**
 * Refuses a body by what its head says of it, before it is asked for.
 *
 * @throws {Problem} `unsupported-type`, `too-large`.
 */
function refuseByHead({ headers }: FastifyRequest, maxBytes: number): void {
  const { "content-type": type, "content-length": length = 0, "content-encoding": encoding = "identity" } = headers;
  if (encoding.toLowerCase() !== "identity") {
    const detail = "Expected a body as it is but received one with Content-Encoding: send the file itself.";
    throw new Problem("unsupported-type", detail, { "accept-encoding": "identity", connection: "close" });
  }
  if (type !== undefined && !TYPES.test(type)) {
    throw new Problem("unsupported-type", WRONG_TYPE, { connection: "close" });
  }
  if (Number(length) <= (/json/i.test(type ?? "") ? jsonBytes(maxBytes) : maxBytes)) return;
  throw new Problem("too-large", `Expected a photo of at most ${maxBytes} bytes but received ${length} bytes.`, {
    connection: "close",
  });
}

/** @throws {Problem} `not-ready`. */
function readyPool({ pool, info }: Service): Pool {
  const found = pool();
  if (found && info() && found.ready > 0) return found;
  throw new Problem("not-ready", "No worker is ready.", { "retry-after": "2" });
}

/** The photo of a JSON body. */
async function photoOf({ image, url }: SegmentBody, service: Service, signal: AbortSignal): Promise<Uint8Array> {
  const { urls, limits, arrivals } = service;
  if ((image === undefined) === (url === undefined)) {
    throw new Problem("bad-request", "Expected either image or url in the JSON body.");
  }
  const { maxBytes } = limits;
  if (url !== undefined) {
    if (!urls) throw new Problem("not-a-photo", "This service fetches no addresses: send the photo itself as image.");
    const pool = readyPool(service);
    if (pool.isFull) throw pool.full();
    const arrival = arrivals.begin();
    try {
      return await fetchPhoto(url, { urls, maxBytes, signal, arrival });
    } finally {
      arrival.end();
    }
  }
  const file = fileOf(image!);
  if (file.length <= maxBytes) return file;
  throw new Problem("too-large", `Expected a photo of at most ${maxBytes} bytes but received ${file.length}.`);
}
