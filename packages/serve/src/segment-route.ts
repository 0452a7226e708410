import type { FastifyInstance, FastifyRequest } from "fastify";
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
  /** Not there before the weights are. */
  pool(): Pool | undefined;
  /** Not there before the first worker is ready. */
  info(): WorkerInfo | undefined;
}

const BINARY = { type: "string", format: "binary" } as const;

/** `POST /v1/segment`. */
export function segmentRoute(app: FastifyInstance, service: Service): void {
  const { limits, metrics } = service;
  /** Requests whose bodies are on their way, which take memory too. */
  let arriving = 0;
  const arrived = new WeakSet<FastifyRequest>();
  const arrives = (request: FastifyRequest) => {
    if (!arrived.has(request)) return;
    arrived.delete(request);
    arriving--;
  };

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
            "application/octet-stream": { schema: BINARY },
            "image/*": { schema: BINARY },
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
        const pool = readyPool(service);
        if (pool.isFull || arriving > limits.queue) throw pool.full();
        arriving++;
        arrived.add(request);
        reply.raw.once("close", () => arrives(request));
      },
      preValidation: async (request) => arrives(request),
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
      reply.header("vary", "Accept");
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

/** @throws {Problem} `not-ready`. */
function readyPool({ pool, info }: Service): Pool {
  const found = pool();
  if (found && info() && found.ready > 0) return found;
  throw new Problem("not-ready", "No worker is ready.", { "retry-after": "2" });
}

/** The photo of a JSON body. */
async function photoOf(
  { image, url }: SegmentBody,
  { urls, limits }: Service,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if ((image === undefined) === (url === undefined)) {
    throw new Problem("bad-request", "Expected either image or url in the JSON body.");
  }
  const { maxBytes } = limits;
  if (url !== undefined) {
    if (urls) return fetchPhoto(url, { urls, maxBytes, signal });
    throw new Problem("not-a-photo", "This service fetches no addresses: send the photo itself as image.");
  }
  const file = fileOf(image!);
  if (file.length <= maxBytes) return file;
  throw new Problem("too-large", `Expected a photo of at most ${maxBytes} bytes but received ${file.length}.`);
}
