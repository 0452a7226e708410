// A worker without a model, for the pool's tests: `photo` is a text that says what it does.
// `hold`: stays at the engine until it is cancelled. `stuck`: does not even then let go. `die`: ends its process. Else it is done at once.
let turn = Promise.resolve();
const cancels = new Map();
const say = (message) => process.send(message);
process.on("disconnect", () => process.exit());
process.on("message", ({ type, id, task }) => {
  if (type === "cancel") return cancels.get(id)?.();
  let begun = false;
  const cancelled = new Promise((resolve) => {
    cancels.set(id, resolve);
  });
  const failed = () => say({ type: "failed", id, error: { name: "Error", message: "cancelled" } });
  const deed = String(task.photo);
  let gone = false;
  void cancelled.then(() => {
    gone = true;
    if (!begun) failed();
  });
  turn = turn.then(async () => {
    if (gone) return;
    begun = true;
    say({ type: "working", id });
    if (deed === "die") process.exit(7);
    if (deed === "stuck") await new Promise(() => setInterval(() => {}, 1000));
    if (deed === "hold") {
      await cancelled;
      failed();
    } else {
      if (deed.startsWith("wait ")) await new Promise((done) => setTimeout(done, Number(deed.slice(5))));
      say({ type: "done", id, result: { facts: { width: process.pid, height: 1, classes: [] } } });
    }
  });
});
say({ type: "ready", info: { engine: { name: "none" }, classes: [], notes: [] } });
