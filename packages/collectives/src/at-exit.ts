const actions = new Set<() => void>();

function runAll(): void {
  for (const action of actions) action();
}

/** Calls `action` when this thread, or in the main thread the process, exits by itself. The function returned cancels that. */
export function atExit(action: () => void): () => void {
  // One listener for all, because Node warns of more than ten.
  if (actions.size === 0) process.on("exit", runAll);
  actions.add(action);
  return () => {
    actions.delete(action);
    if (actions.size === 0) process.off("exit", runAll);
  };
}
