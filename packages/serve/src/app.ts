import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import accepts from "@fastify/accepts";
import cors from "@fastify/cors";
import swagger from "@fastify/swagger";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { docsPage } from "./docs-page.ts";
import { problemOf } from "./failures.ts";
import { guardOf } from "./guard.ts";
import type { Limits, ServeEvent, ServeOptions } from "./options.ts";
import { pageRoutes } from "./page.ts";
import { PROBLEM_SCHEMA, PROBLEM_TYPE, Problem, problemBody } from "./problem.ts";
import { jsonBytes, type Service, segmentRoute } from "./segment-route.ts";
import { BODY_SCHEMA, FACTS_SCHEMA, MODELS_SCHEMA, problemResponses } from "./segment-schema.ts";

/** What the HTTP side needs beside the workers. */
export interface AppOptions extends Pick<ServeOptions, "hosts" | "cors" | "page"> {
  host: string;
  limits: Limits;
  version: string;
  /** What `GET /v1/models` says of the model, beside its engine and classes. */
  model(): { id: string; architecture: string; sizes: readonly number[] };
  /** Whether the service is about to end. */
  ending(): boolean;
  onEvent(event: ServeEvent): void;
  warn(line: string): void;
}

/** What every answer says: it is what it says it is, belongs into no other site's frame, and its address is told to nobody. */
const HARDENED = { "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer" };

/** What pages of other origins may read beside the body. */
const EXPOSED = ["retry-after", "x-request-id", "content-range"];

/** The HTTP side of the service. */
export async function createApp(service: Service, options: AppOptions): Promise<FastifyInstance> {
  const { limits } = options;
  const app = fastify({
    bodyLimit: jsonBytes(limits.maxBytes),
    // Bodies have a limit of their own, which is answered by their routes.
    requestTimeout: (limits.bodyLimit + 5) * 1000,
    // A socket on which nothing happens, while a photo is at work neither.
    connectionTimeout: (limits.timeLimit + limits.bodyLimit + 10) * 1000,
    keepAliveTimeout: 10_000,
    maxRequestsPerSocket: 10_000,
    http: {
      requireHostHeader: false,
      headersTimeout: Math.min(10, limits.bodyLimit) * 1000,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: 16_384,
    },
    genReqId: () => randomUUID(),
    forceCloseConnections: "idle",
    return503OnClosing: false,
    // What is no option the schemas tell, with its name.
    onProtoPoisoning: "ignore",
    onConstructorPoisoning: "ignore",
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false, verbose: true } },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply as FastifyReply, options),
    clientErrorHandler: answerBrokenRequest,
  });
  app.server.maxConnections = limits.connections;
  // Whatever is expected, the head is looked at first; Node would ask for the body at once, or answer by nothing but a status.
  for (const event of ["checkContinue", "checkExpectation"]) {
    app.server.on(event, (request, response) => app.server.emit("request", request, response));
  }
  for (const schema of [PROBLEM_SCHEMA, BODY_SCHEMA, FACTS_SCHEMA, MODELS_SCHEMA]) app.addSchema(schema);
  app.removeContentTypeParser("text/plain");
  for (const type of [/^image\//, "application/octet-stream"])
    app.addContentTypeParser(type, { parseAs: "buffer", bodyLimit: limits.maxBytes }, (_request, body, done) =>
      done(null, body),
    );
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, options));

  const methods = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const name of [method].flat()) known.add(name);
    methods.set(url, known);
  });
  const nowhere = ({ url, method }: FastifyRequest): Problem => {
    const allow = [...(methods.get(decodeURI(url.split("?")[0]!)) ?? [])];
    if (allow.length === 0 || allow.includes(method)) {
      return new Problem("not-found", "There is nothing at this address; /docs lists what there is.");
    }
    return new Problem("wrong-method", `This address takes ${allow.join(", ")}.`, { allow: allow.join(", ") });
  };
  app.setNotFoundHandler((request) => {
    throw nowhere(request);
  });

  const admit = guardOf(options);
  app.addHook("onRequest", async (request, reply) => {
    reply.headers({ "x-request-id": request.id, ...HARDENED });
    // Fastify's own clock (`elapsedTime`) stands still where nobody logs.
    const start = performance.now();
    // Also where the client goes away before there is an answer.
    reply.raw.once("close", () => told(request, reply, performance.now() - start, service, options));
    const { host, origin } = request.headers;
    const named = request.raw.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host").length;
    if (named > 1 || (named === 0 && request.raw.httpVersion === "1.1")) {
      throw new Problem("bad-request", `Expected one Host header but received ${named}.`);
    }
    if (!/^(?:100-continue)?$/i.test(request.headers.expect ?? "")) {
      throw new Problem("unmet-expectation", "Expected Expect to be 100-continue, or not there.", {
        connection: "close",
      });
    }
    admit({
      host,
      local: request.socket.localAddress,
      origin,
      changes: !["GET", "HEAD", "OPTIONS"].includes(request.method),
    });
    // Before its body is looked at.
    if (request.is404) throw nowhere(request);
  });

  await app.register(accepts);
  // Parameters of types say nothing here, and the answers' own type may be asked for as it is sent.
  app.addHook("onRequest", async ({ raw: { headers } }) => {
    headers.accept &&= headers.accept.replace(/;\s*(?!q=)[^;,]*/gi, "");
  });
  if (options.cors?.length) {
    const origin = options.cors.includes("*") ? "*" : [...options.cors];
    await app.register(cors, { origin, methods: ["GET", "HEAD", "POST"], exposedHeaders: EXPOSED, maxAge: 600 });
  }
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Scene parsing",
        version: options.version,
        description: "Tells what every pixel of a photo shows.",
        license: { name: "BSD-3-Clause" },
      },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  });
  await app.register(async (api) => routes(api, service, options));
  await pageRoutes(app, options.page);
  await app.ready();
  return app;
}

function routes(app: FastifyInstance, service: Service, options: AppOptions): void {
  segmentRoute(app, service);
  const text = (description: string) => ({ 200: { description, type: "string" } });
  app.get(
    "/v1/models",
    {
      schema: {
        operationId: "models",
        summary: "The model and its classes",
        response: {
          200: { description: "The one model that there is.", $ref: "Models#" },
          ...problemResponses("wrong-host", "not-ready"),
        },
      },
    },
    async () => {
      const info = service.info();
      if (!info) throw new Problem("not-ready", "No worker is ready.", { "retry-after": "2" });
      return { models: [{ ...options.model(), engine: info.engine.name, classes: info.classes }] };
    },
  );
  const plain = (url: string, summary: string, answer: () => string) =>
    app.get(
      url,
      {
        schema: {
          operationId: url.slice(1),
          summary,
          produces: ["text/plain"],
          response: { ...text(summary), ...problemResponses("wrong-host", "not-ready") },
        },
      },
      async (_request, reply) => reply.type("text/plain; charset=utf-8").send(answer()),
    );
  plain("/healthz", "Whether the process lives", () => "alive\n");
  plain("/readyz", "Whether photos are taken: a worker is ready, and there is room", () => {
    const pool = service.pool();
    const why = options.ending()
      ? "The service is about to end."
      : !pool || pool.ready === 0
        ? "No worker is ready."
        : pool.isFull
          ? "The queue is full."
          : service.arrivals.isFull
            ? "All places for photos on their way are taken."
            : undefined;
    if (why) throw new Problem("not-ready", why, { "retry-after": String(pool?.retryAfter ?? 5) });
    return "ready\n";
  });
  const { registry } = service.metrics;
  app.get(
    "/metrics",
    {
      schema: {
        operationId: "metrics",
        summary: "Figures for Prometheus",
        produces: ["text/plain"],
        response: { ...text("In Prometheus's text format."), ...problemResponses("wrong-host") },
      },
    },
    async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  );
  app.get("/openapi.json", { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/json").send(app.swagger()),
  );
  app.get("/docs", { schema: { hide: true } }, async (_request, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header(
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      .send(docsPage(app.swagger())),
  );
}

function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { warn }: Pick<AppOptions, "warn">,
): void {
  let problem = problemOf(error);
  if (!problem) {
    if (!reply.raw.destroyed) warn(`Request ${request.id} failed: ${(error as Error)?.message ?? error}`);
    problem = new Problem("failed", "The photo could not be segmented; the service's log tells why.");
  }
  const body = problemBody(problem, request.id);
  void reply
    .code(problem.status)
    .headers(problem.headers)
    .type(PROBLEM_TYPE)
    // As text, so that no schema of a status cuts it.
    .send(JSON.stringify(body));
}

/** What is no HTTP, or came too slowly, before there is a request that could be answered. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const problem =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? new Problem("too-slow", "The request did not arrive in time.")
      : new Problem("bad-request", "The request is no HTTP, or has too long a head.");
  const body = JSON.stringify(problemBody(problem, randomUUID()));
  const { status } = problem;
  socket.end(
    `HTTP/1.1 ${status} ${problemBody(problem, "").title}\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** Counts and tells an answered request. */
function told(
  request: FastifyRequest,
  reply: FastifyReply,
  milliseconds: number,
  service: Service,
  { onEvent }: AppOptions,
): void {
  const status = reply.raw.writableFinished ? reply.statusCode : 499;
  const { method } = request;
  const route = request.routeOptions.url ?? "none";
  service.metrics.answered({ route, method, status, seconds: milliseconds / 1000 });
  const [path = ""] = request.url.split("?");
  const bytes = Number(request.headers["content-length"] ?? 0);
  onEvent({
    type: "request",
    id: request.id,
    method,
    path,
    status,
    milliseconds: Math.round(milliseconds),
    bytes,
  });
}
