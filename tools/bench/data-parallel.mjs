/**
 * Images per second of one replica with all threads, and of more replicas with fewer threads each.
 *
 *   node tools/bench/data-parallel.mjs [--backend tensorflow] [--models name,…] [--steps 3] [--batch 2] [--size 224x304]
 *     [--replicas 1x2:processes,1x1:processes,2x1:processes,4x1:processes] [--alone]
 *
 * `2x1:processes` is two replicas, one thread each, as processes; `:threads` share the process's one pool, so only the first of a run has the
 * threads it asks for. `--alone` leaves batch norm unsynchronized.
 */
import { DataParallel } from "@seg/data-parallel";
import { engineOfChildren, median, printHeader, printTable, readArguments } from "./report.mjs";

const { values: flags } = readArguments({
  options: {
    backend: { type: "string", default: "tensorflow" },
    models: { type: "string", default: "resnet18dilated+ppm_deepsup" },
    steps: { type: "string", default: "3" },
    batch: { type: "string", default: "2" },
    size: { type: "string", default: "224x304" },
    replicas: { type: "string", default: "1x2:processes,1x1:processes,2x1:processes,4x1:processes" },
    alone: { type: "boolean", default: false },
  },
});

printHeader({ engine: await engineOfChildren(flags.backend), threads: `replicas × threads: ${flags.replicas}` });
const [height, width] = flags.size.split("x").map(Number);
const [batch, steps] = [Number(flags.batch), Number(flags.steps)];
const rows = [];
for (const model of flags.models.split(",")) {
  let first;
  for (const how of flags.replicas.split(",")) {
    const [, count, threads, launcher] = /^(\d+)x(\d+)(?::(\w+))?$/.exec(how);
    const parallel = await DataParallel.launch({
      devices: Array.from({ length: Number(count) }, () => ({ engine: flags.backend, threads: Number(threads) })),
      launcher,
      module: new URL("training-replica.mjs", import.meta.url),
      options: { model, batch, height, width, synchronized: !flags.alone },
    });
    const dicts = (steps) => Array.from({ length: Number(count) }, () => ({ steps }));
    await parallel.run(dicts(1));
    const results = await parallel.run(dicts(steps));
    await parallel.dispose();
    // A step ends when the slowest replica has ended it.
    const of = (name) =>
      median(results[0].seconds[name].map((_, i) => Math.max(...results.map(({ seconds }) => seconds[name][i]))));
    // Threads see the whole process each, processes themselves.
    const sum = (name) =>
      launcher === "processes" ? results.reduce((all, result) => all + result[name], 0) : results[0][name];
    const rate = (Number(count) * batch) / of("step");
    first ??= rate;
    rows.push({
      model,
      replicas: how,
      "step s": of("step"),
      "of it statistics s": of("statistics"),
      "of it gradients s": of("gradients"),
      "images/s": rate,
      "to the first": rate / first,
      // Steadier than the time where others use the machine too.
      "processor s/image": sum("processors") / (Number(count) * batch),
      "peak MB": sum("resident"),
    });
  }
}
printTable(rows);
