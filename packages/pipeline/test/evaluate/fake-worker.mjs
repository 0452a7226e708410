// Speaks as a worker does; its tasks say how it behaves.
import { existsSync, writeFileSync } from "node:fs";

process.on("disconnect", () => process.exit());
process.on("message", async ({ index, task }) => {
  process.send({ type: "working", index });
  // Each of these happens once, the first time the file is not there.
  const once = task.once !== undefined && !existsSync(task.once);
  if (once) writeFileSync(task.once, "");
  if (task.kill && (once || task.once === undefined)) process.kill(process.pid, task.kill);
  else if (task.mute && once) return;
  else if (task.exit) {
    console.error(task.says);
    process.exit(task.exit);
  } else if (task.failed) process.send({ type: "failed", error: task.failed });
  else if (task.dying) process.send({ type: "dying", reason: task.dying }, () => process.exit(1));
  else {
    await new Promise((resolve) => setTimeout(resolve, task.wait ?? 0));
    process.send({ type: "done", index, result: { square: index * index } });
  }
});
if (process.argv[2] === "stillborn") process.exit(3);
process.send({ type: "ready", capacity: 3, info: "hello" });
