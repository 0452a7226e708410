import { readdirSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import type { MpiLaunch } from "@seg/collectives";
import { PipelineError } from "../errors.ts";
import type { InferenceEngineName } from "../model/inference-engine.ts";

/**
 * The engine for GPUs that were named, if any were: whoever names them wants them used, and only these take their numbers.
 *
 * @param others - Engines besides TensorFlow's that do.
 * @throws {PipelineError} `option` if another one was named.
 */
export function engineOn<Name extends InferenceEngineName>(
  gpus: readonly number[] | undefined,
  backend: Name | "auto",
  others: readonly Name[] = [],
): Name | "auto" | "tensorflow-gpu" {
  if (!gpus) return backend;
  if (backend === "auto" || backend === "tensorflow-gpu") return "tensorflow-gpu";
  if (others.includes(backend)) return backend;
  throw new PipelineError(
    "option",
    { expected: "--backend tensorflow-gpu with --gpus", received: backend, hint: "leave one of the two out" },
    { data: { option: "backend", expected: "tensorflow-gpu", received: backend } },
  );
}

/** How many processors this process has to itself: a rank may be bound to some of its machine's; those that are not share them all. */
export function processorsOf(mpi: MpiLaunch | undefined): number {
  if (!mpi) return availableParallelism();
  return Math.min(Math.max(1, Math.floor(cpus().length / (mpi.localSize ?? 1))), availableParallelism());
}

/** Which of its machine's GPUs a rank should see: the one of its local rank, modulo their number. */
export function gpuOfRank({ localRank }: MpiLaunch, gpus: readonly number[] | undefined): string | undefined {
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  const count =
    process.platform === "linux" ? readdirSync("/dev").filter((name) => /^nvidia\d+$/.test(name)).length : 0;
  const all = visible ?? Array.from({ length: count }, (_, gpu) => String(gpu));
  const usable = gpus ? gpus.map((gpu) => all[gpu] ?? String(gpu)) : all;
  return usable[localRank % usable.length];
}
