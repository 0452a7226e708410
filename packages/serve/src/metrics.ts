import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Arrivals } from "./arrivals.ts";
import type { Pool } from "./pool.ts";

/** What Prometheus is told. */
export interface Metrics {
  registry: Registry;
  /** Counts an answered request. */
  answered(request: { route: string; method: string; status: number; seconds: number }): void;
  /** Counts the pixels of a segmented photo. */
  segmented(pixels: number): void;
}

/** Meters of a service and its pool, in a registry of their own. */
export function metricsOf(pool: () => Pool | undefined, arrivals: Arrivals): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "seg_requests_total",
    help: "Requests answered, by route, method and status; 499: the client went away.",
    labelNames: ["route", "method", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "seg_request_duration_seconds",
    help: "Seconds from a request's head to the end of its answer, by route.",
    labelNames: ["route"],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120],
    registers,
  });
  const pixels = new Counter({ name: "seg_pixels_total", help: "Pixels of photos segmented.", registers });
  const gauge = (name: string, help: string, value: (pool: Pool) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const now = pool();
        this.set(now ? value(now) : 0);
      },
    });
  gauge("seg_queue_length", "Photos that wait for a worker.", ({ waiting }) => waiting);
  new Gauge({
    name: "seg_photos_arriving",
    help: "Photos on their way, as bodies or from addresses.",
    registers,
    collect() {
      this.set(arrivals.count);
    },
  });
  gauge("seg_photos_in_work", "Photos at the workers.", ({ working }) => working);
  gauge("seg_workers_ready", "Workers that can take photos.", ({ ready }) => ready);
  new Counter({
    name: "seg_worker_restarts_total",
    help: "Workers that died and were replaced.",
    registers,
    collect() {
      this.reset();
      this.inc(pool()?.restarts ?? 0);
    },
  });
  return {
    registry,
    answered({ route, method, status, seconds }) {
      requests.inc({ route, method, status });
      durations.observe({ route }, seconds);
    },
    segmented: (count) => pixels.inc(count),
  };
}
