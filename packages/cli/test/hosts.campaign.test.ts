import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { QUICK_LOOK, start, startHosts, unlessHosts, until } from "@seg/testing/hosts";
import { FROM_SOURCE, PAIR, type TinyDataset, temporaryFolder, tinyDataset, trainWords } from "@seg/testing/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { segProcess } from "./mpirun.ts";

const BIN = fileURLToPath(new URL("../src/bin.ts", import.meta.url));

/** Three trainings, and 40 seconds in which nothing happens: more than the usual limit where the machine is busy. */
const HANG_MS = 1_800_000;

describe.skipIf(unlessHosts)(`seg on several hosts${unlessHosts}`, { timeout: HANG_MS }, () => {
  let folder: string;
  let data: TinyDataset;
  let hosts: Awaited<ReturnType<typeof startHosts>>;
  const startWith = async (names?: string[]) => {
    folder = temporaryFolder();
    data = await tinyDataset(folder);
    hosts = await startHosts({ folder, ...(names && { names }) });
  };
  beforeEach(() => startWith());
  afterEach(() => hosts.dispose());

  const seg = (words: string[], ranks = 1) =>
    start([...hosts.wordsOn(), ...hosts.mpirun(ranks, QUICK_LOOK), process.execPath, ...FROM_SOURCE, BIN, ...words]);
  const run = async (words: string[], ranks = 1) => {
    const { ended, said } = seg(words, ranks);
    return { code: await ended, ...said };
  };
  const weights = (dir: string, epoch: number) =>
    ["encoder", "decoder"].map((part) =>
      createHash("sha256")
        .update(readFileSync(join(dir, `${part}_epoch_${epoch}.pth`)))
        .digest("hex"),
    );

  it("trains to the same bytes as on one, after a host vanished and came back too", async () => {
    const [alone, together] = [join(folder, "alone"), join(folder, "together")];
    const set = { "TRAIN.epoch_iters": 2 };
    expect(segProcess(trainWords(data.list, alone, [], set), 2)).toMatchObject({ code: 0 });

    const lost = seg(trainWords(data.list, together, [], set));
    await Promise.race([until(() => existsSync(join(together, "trainer_epoch_1.safetensors"))), lost.ended]);
    await hosts.vanish("b");
    expect(await lost.ended).not.toBe(0);
    expect(lost.said.stderr).toMatch(
      /error: rank 0 on host a: Expected .* but rank 1 on host b cannot be reached any more/,
    );
    await until(() => hosts.processesOn("a").every(({ command }) => !command.includes("bin.ts")));

    await hosts.restart("b");
    const resumed = await run(trainWords(data.list, together, ["--resume"], set));
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    expect(resumed.stderr).toContain("Going on from epoch_1");
    expect(weights(together, 2)).toEqual(weights(alone, 2));
  });

  it("trains two ranks on each to the same bytes as four on one, with DIR on the first host alone", async () => {
    const set = { "TRAIN.num_epoch": 1, "TRAIN.epoch_iters": 2 };
    const [alone, own] = [join(folder, "alone"), join(folder, "private/own")];
    expect(segProcess(trainWords(data.list, alone, [], set), 4)).toMatchObject({ code: 0 });
    const { code, stderr } = await run(trainWords(data.list, own, [], set), 2);
    expect(code, stderr).toBe(0);
    expect(weights(hosts.pathOn("a", own), 1)).toEqual(weights(alone, 1));
    expect(existsSync(hosts.pathOn("b", own))).toBe(false);

    // The network that it left, scored by both hosts, each with photos and weights of its own.
    mkdirSync(hosts.pathOn("b", own));
    const copy = (name: string) => `cp ${hosts.pathOn("a", own)}/${name} ${hosts.pathOn("b", own)}/`;
    await start(["sh", "-c", `${copy("encoder_epoch_1.pth")}; ${copy("decoder_epoch_1.pth")}`]).ended;
    const words = (dir: string) => [
      ...["eval", "--cfg", PAIR, "--backend", "wasm", "--sizes", "48", "--json", "--list-val", data.list],
      ...["--result", join(folder, "result")],
      ...["DIR", dir, "VAL.checkpoint", "epoch_1.pth", "DATASET.num_class", "2"],
    ];
    const scored = await run(words(own));
    expect(scored, scored.stderr).toMatchObject({ code: 0 });
    const [here, there] = [segProcess(words(alone)), scored].map(({ stdout }) => JSON.parse(stdout));
    for (const part of ["confusion", "perImage", "meanIou", "pixelAccuracy"]) expect(there[part]).toEqual(here[part]);

    truncateSync(`${hosts.pathOn("b", own)}/decoder_epoch_1.pth`, 100);
    const other = await run(words(own));
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(
      /error: rank 0 on host a: Expected the same weights \(SHA-256\) on all hosts, .* as on host a, but rank 1 on host b has/,
    );
  });

  it("trains three ranks on three hosts to the same bytes as on one", async () => {
    await hosts.dispose();
    await startWith(["a", "b", "c"]);
    const [alone, together] = [join(folder, "alone"), join(folder, "together")];
    const set = { "TRAIN.num_epoch": 1, "TRAIN.epoch_iters": 1 };
    expect(segProcess(trainWords(data.list, alone, [], set), 3)).toMatchObject({ code: 0 });
    const { code, stderr } = await run(trainWords(data.list, together, [], set));
    expect(code, stderr).toBe(0);
    expect(weights(together, 1)).toEqual(weights(alone, 1));
  });

  it("refuses photos that are others on the second host", async () => {
    const mine = join(folder, "private");
    const here = await tinyDataset(hosts.pathOn("a", mine));
    const there = await tinyDataset(hosts.pathOn("b", mine));
    const list = join(folder, "private.odgt");
    const lines = readFileSync(here.list, "utf8").replaceAll(hosts.pathOn("a", mine), mine);
    await start(["sh", "-c", `cat > ${list} <<'END'\n${lines}END\n`]).ended;
    truncateSync(there.labels[1]!, 20);
    const { code, stderr } = await run(trainWords(list, join(folder, "refused"), []));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Expected the same photos and labels on all hosts, train-1-label\.png of \d+ bytes as on host a, but host b has train-1-label\.png of 20 bytes: copy/,
    );
  });
});
