import { readFileSync } from "node:fs";
import { DEMO_MODEL, DEMO_PHOTO } from "@seg/pipeline/config";
import { forkFromSource } from "@seg/testing/node";
import { onTestFinished } from "vitest";
import { type ServeEvent, type ServeOptions, serve } from "../src/index.ts";

forkFromSource();

/** The photo that comes along, 640×427. */
export const PHOTO = readFileSync(DEMO_PHOTO);

/** A small size, so that a photo is quickly done. */
export const SMALL = "sizes=64";

/** A service with the model that comes along, and what it told; it ends with the test. */
export async function running(options: ServeOptions = {}) {
  const events: ServeEvent[] = [];
  const service = await serve({
    config: DEMO_MODEL.config,
    set: DEMO_MODEL.set,
    port: 0,
    workers: 1,
    grace: 5,
    onEvent: (event) => events.push(event),
    ...options,
  });
  onTestFinished(async () => {
    await service.close();
  });
  return { ...service, events, segment: segmentAt(service.url) };
}

interface Asked {
  query?: string;
  body?: RequestInit["body"];
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Asks a service for a photo. */
function segmentAt(url: string) {
  return ({ query = SMALL, body = PHOTO, headers = {}, signal }: Asked = {}) =>
    fetch(`${url}/v1/segment?${query}`, {
      method: "POST",
      body,
      headers: { "content-type": "image/jpeg", ...headers },
      ...(signal && { signal }),
    });
}

/** The bytes of an answer. */
export const bytesOf = async (answer: Response) => new Uint8Array(await answer.arrayBuffer());
