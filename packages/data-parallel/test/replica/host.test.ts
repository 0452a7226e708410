import { single } from "@seg/collectives";
import { describe, expect, it } from "vitest";
import { hostReplica, type ReplicaContext, type RunContext } from "../../src/index.ts";
import type { Act, ActOptions } from "../fixtures/acts.ts";

const ACTS = new URL("../fixtures/acts.ts", import.meta.url);
const context = (reports: unknown[] = []): RunContext => ({
  signal: new AbortController().signal,
  report: (value) => reports.push(value),
});

describe("A replica in this thread", () => {
  it("is made of a module, with an engine, in the caller's group", async () => {
    const lines: string[] = [];
    const replica = await hostReplica<Act, Record<string, unknown>, ActOptions>({
      module: ACTS,
      join: () => ({ ...single, rank: 3, size: 5 }),
      device: { engine: "cpu" },
      options: {},
      log: (line) => lines.push(line),
    });
    const reports: unknown[] = [];
    expect(await replica.run({ act: "echo", x: 1 }, context(reports))).toMatchObject({
      rank: 3,
      size: 5,
      engine: "cpu",
      x: 1,
      pid: process.pid,
    });
    expect(reports).toEqual(["echo of 3"]);
    expect(replica.engine.name).toBe("cpu");
    expect(lines.join()).toMatch(/Engine cpu/);
    await replica.dispose?.();
  });

  it("may be made by a function instead of a module", async () => {
    const seen: unknown[] = [];
    const module = ({ options, device }: ReplicaContext<string>) => ({
      run: (dict: { n: number }) => ({ twice: 2 * dict.n }),
      dispose: () => void seen.push(options, device),
    });
    const device = { engine: "cpu" } as const;
    const replica = await hostReplica({ module, join: () => single, device, options: "given" });
    expect(await replica.run({ n: 4 }, context())).toEqual({ twice: 8 });
    await replica.dispose?.();
    expect(seen).toEqual(["given", device]);
  });

  it("takes no engine that fails its proof, the caller's or the module's own", async () => {
    const join = () => {
      throw new Error("joined");
    };
    const unfit = { code: "engine-unfit", message: "Engine cpu starts but cannot do this work: too slow" };
    const proof = () => {
      throw new Error("too slow");
    };
    const replica = { module: ACTS, join, device: { engine: "cpu" } as const, options: {} };
    await expect(hostReplica({ ...replica, proof })).rejects.toMatchObject(unfit);
    const own = "export default () => ({ run() {} }); export const proof = () => { throw new Error('too slow'); };";
    const module = `data:text/javascript,${encodeURIComponent(own)}`;
    await expect(hostReplica({ ...replica, module: new URL(module) })).rejects.toMatchObject(unfit);
  });

  it("needs a function run, and an engine, before it joins", async () => {
    const join = () => {
      throw new Error("joined");
    };
    const device = { engine: "cpu" } as const;
    const options = undefined;
    await expect(
      hostReplica({ module: (() => ({})) as never, join: () => single, device, options }),
    ).rejects.toMatchObject({ code: "module", data: { module: "the function given" } });
    await expect(hostReplica({ module: "test/none.ts", join, device, options })).rejects.toMatchObject({
      code: "module",
      data: { module: expect.stringMatching(/test\/none\.ts$/) },
      cause: expect.any(Error),
    });
    await expect(
      hostReplica({ module: ACTS, join, device: { engine: "none" as never }, options }),
    ).rejects.toMatchObject({ code: "unknown-engine" });
    await expect(hostReplica({ module: ACTS, join, device, options })).rejects.toThrow("joined");
  });
});
