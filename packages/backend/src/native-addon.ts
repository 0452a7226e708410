import { isMainThread } from "node:worker_threads";
import { requireHere } from "./packages.ts";

/**
 * Loads a native package's addon, and with it TensorFlow's C library, which reads its environment variables now; only the main thread's
 * `process.env` sets them.
 *
 * @throws the dynamic linker's error.
 */
export function openAddon<Binding>(file: string, threads?: number): Binding {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  // TensorFlow turns oneDNN on by itself only beside AVX-512; its convolutions are the faster ones on every x86 processor.
  if (process.arch === "x64") process.env.TF_ENABLE_ONEDNN_OPTS ||= "1";
  if (threads !== undefined && isMainThread) process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  return requireHere(file);
}
