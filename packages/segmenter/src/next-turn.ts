/** Waits until the event loop has had a turn: messages and timers that are due come first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    // A page has no such thing, and puts off timers that follow one another.
    if (typeof setImmediate === "function") return void setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    // Types know Node's ports alone, which have no such property.
    Object.assign(port1, {
      onmessage: () => {
        port1.close();
        resolve();
      },
    });
    port2.postMessage(undefined);
  });
}
