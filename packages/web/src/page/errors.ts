/** One sentence for whoever sees the page: what was wrong, and the way out. */
export function explain(error: unknown): string {
  const { name, message, code } = Object(error) as { name?: string; message?: string; code?: string };
  const text = typeof message === "string" && message !== "" ? message : String(error);
  if (name === "AbortError" || code === "cancelled") return "It was cancelled.";
  if (isMemory(name, text, code)) {
    return "Expected enough memory for this photo but the browser has no more: close other tabs, or use a smaller photo.";
  }
  if (code === "engine-failed") {
    return `The graphics processor, or what else computes here, failed: try again; it starts anew. (${text})`;
  }
  if (code === "worker" || /worker/i.test(name ?? "")) {
    return `The computing part of the page broke off: try again; it starts anew. (${text})`;
  }
  if (/failed to fetch|networkerror|load failed/i.test(text)) {
    return "Expected an answer of the server but none came: look at the connection, then try again.";
  }
  return text;
}

/** Whether it tells that a person, not a fault, ended the work. */
export const isCancelled = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted || (error as { name?: string })?.name === "AbortError";

const isMemory = (name: string | undefined, text: string, code: string | undefined): boolean =>
  code === "memory" ||
  name === "QuotaExceededError" ||
  /out of memory|allocation failed|invalid array length|memory access/i.test(text);
