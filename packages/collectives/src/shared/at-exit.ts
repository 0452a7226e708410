const waiting = new Set<() => void>();

function runAll(): void {
  for (const action of waiting) action();
}

/** Calls `action` when this thread, or the process in the main thread, ends by itself. The function returned calls that off. */
export function atExit(action: () => void): () => void {
  // One listener for all, because Node warns of more than ten.
  if (waiting.size === 0) process.on("exit", runAll);
  waiting.add(action);
  return () => {
    waiting.delete(action);
    if (waiting.size === 0) process.off("exit", runAll);
  };
}
