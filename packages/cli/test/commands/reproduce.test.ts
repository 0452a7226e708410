import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DEMO_MODEL, type Reproduction } from "@seg/pipeline";
import {
  type Answer,
  FROM_SOURCE,
  fileServer,
  forkFromSource,
  madeUpAde20k,
  serve,
  status,
  temporaryFolder,
  tinyDataset,
  zipOf,
} from "@seg/testing/node";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { reproduceCommand } from "../../src/commands/reproduce.ts";
import { runSeg } from "../run-seg.ts";

const ROW = "mobilenetv2dilated-c1_deepsup";
/** Rows whose weights the server lacks. */
const LACKING = "hrnetv2-c1";
const DEMO = DEMO_MODEL.set.DIR;

let folder: string;
beforeAll(forkFromSource);
beforeEach(() => {
  folder = temporaryFolder();
});

const weights = (half: string) => readFileSync(join(DEMO, `${half}_epoch_1.safetensors`));

/** A server with one preset's weights, made up, and a data set's zip. */
const server = (zip?: Uint8Array) => {
  const files: Record<string, () => Uint8Array> = {
    [`/ade20k-${ROW}/encoder_epoch_20.pth`]: () => weights("encoder"),
    [`/ade20k-${ROW}/decoder_epoch_20.pth`]: () => weights("decoder"),
    ...(zip && { "/ade.zip": () => zip }),
  };
  const answer: Answer = (request, response) => {
    const file = files[request.url!];
    (file ? serve(file()) : status(404))(request, response);
  };
  return fileServer(answer);
};

/** Words after `seg reproduce` that keep everything in the test's folder. */
const words = (address: string, ...more: string[]) => [
  ...["--mirror", address, "--data", join(folder, "data"), "--result", join(folder, "result")],
  ...["--backend", "wasm", ...more],
];

const seg = (argv: string[], around: Parameters<typeof runSeg>[1] = {}) =>
  runSeg(["reproduce", ...argv], {
    env: { XDG_CACHE_HOME: join(folder, "cache") },
    ...around,
    commands: [(io, exit) => reproduceCommand(io, exit, 1)],
  });

/** The original's two scores of a confusion matrix, truth by prediction, in plain loops. */
function scoresOf(counts: number[][]): [meanIou: number, pixelAccuracy: number] {
  const total = (numbers: number[]) => numbers.reduce((sum, n) => sum + n, 0);
  const ious = counts.map((row, c) => {
    const union = total(row) + total(counts.map((other) => other[c]!)) - row[c]!;
    return row[c]! / (union + 1e-10);
  });
  return [total(ious) / counts.length, total(counts.map((row, c) => row[c]!)) / total(counts.flat())];
}

const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

it("fetches photos and weights, scores them, and prints the figures beside the published ones", async () => {
  const { address, requests } = await server(await zipOf(await madeUpAde20k()));
  const argv = [ROW, ...words(address, "--url", `${address}/ade.zip`)];
  const first = await seg(argv);
  expect([first.code, first.stderr]).toEqual([0, expect.stringContaining("Scored on 1 photo, not on ADE20K's 2000")]);
  const saved = JSON.parse(readFileSync(join(folder, "result", `${ROW}-single-scale`, "evaluation.json"), "utf8"));
  expect([saved.sizes, saved.engine, saved.images]).toEqual([[450], "wasm", 1]);
  const [meanIou, pixelAccuracy] = scoresOf(saved.confusion.counts);
  const [head, line, note] = first.stdout.split("\n");
  expect(head).toMatch(
    /^row +mIoU +published +difference +accuracy +published +difference +photos\/s +on a Titan Xp +engine$/,
  );
  const [row, star, ...cells] = line!.split(/ +/);
  expect([row, star]).toEqual([ROW, "*"]);
  const signed = (x: number) => `${x > 0 ? "+" : ""}${x.toFixed(2)}`;
  expect(cells.slice(0, 6)).toEqual([
    ...[(meanIou * 100).toFixed(2), "34.84", signed(meanIou * 100 - 34.84)],
    ...[(pixelAccuracy * 100).toFixed(2), "75.75", signed(pixelAccuracy * 100 - 75.75)],
  ]);
  expect([cells[7], cells[8]]).toEqual(["17.2", "wasm"]);
  expect(Number(cells[6])).toBeGreaterThan(0);
  expect(note).toMatch(/^\* .*32\.39/);

  // Once more: nothing is fetched or scored.
  const fetched = requests.length;
  rmSync(join(folder, "result", `${ROW}-single-scale`), { recursive: true });
  const second = await seg([...argv, "--json"]);
  expect(second).toMatchObject({ code: 0, stderr: expect.stringContaining(`${ROW} is measured already.`) });
  const reproduction: Reproduction = JSON.parse(second.stdout);
  expect(reproduction).toMatchObject({ multiScale: false, photos: 1, comparable: false });
  expect(reproduction.rows).toMatchObject([
    {
      row: ROW,
      earlier: true,
      published: { meanIou: 34.84, pixelAccuracy: 75.75, photosPerSecond: 17.2 },
      measured: { engine: "wasm", workers: 1 },
      weights: { encoder: { sha256: sha(weights("encoder")) }, decoder: { sha256: sha(weights("decoder")) } },
    },
  ]);
  expect(requests).toHaveLength(fetched);
  expect(existsSync(join(folder, "result", `${ROW}-single-scale`))).toBe(false);
});

it("goes on after a row whose weights cannot be had, and ends with 3; multi-scale rows are rows of their own", async () => {
  const { address } = await server();
  const { list } = await tinyDataset(join(folder, "data"), { name: "validation", photos: 2 });
  const argv = [LACKING, ROW, ...words(address), "--data", list, "--num-val", "1"];
  const single = await seg(argv);
  expect(single.code).toBe(3);
  expect(single.stderr).toMatch(
    /warning: hrnetv2-c1: Expected weights encoder_epoch_30\.pth but .*404.*: try again later/,
  );
  const lines = single.stdout.split("\n");
  expect(lines[1]).toMatch(/^hrnetv2-c1 +- +42\.03 +- +- +80\.77 +- +- +5\.8 +failed$/);
  expect(lines[2]).toMatch(new RegExp(`^${ROW} \\* +\\d+\\.\\d\\d +34\\.84 `));

  const multi = await seg([ROW, ...words(address), "--data", list, "--num-val", "1", "--multi-scale", "--json"]);
  expect(multi.code).toBe(0);
  const [row] = (JSON.parse(multi.stdout) as Reproduction).rows;
  expect(row).toMatchObject({
    earlier: false,
    published: { meanIou: 33.84, pixelAccuracy: 76.8, photosPerSecond: 10.3 },
  });
  expect(row).not.toHaveProperty("note");
  const saved = JSON.parse(readFileSync(join(folder, "result", `${ROW}-multi-scale`, "evaluation.json"), "utf8"));
  expect(saved.sizes).toEqual([300, 375, 450, 525, 600]);
  expect(row!.measured!.meanIou).toBeCloseTo(saved.meanIou * 100, 3);
});

it("measures a row anew when its photos, labels or weights are others, or when it is told to", async () => {
  const { address } = await server();
  const { list, labels } = await tinyDataset(join(folder, "data"), { name: "validation", photos: 1 });
  // Where the original's weights would lie, a training of one's own has left something.
  const cached = join(folder, "cache", "seg", "weights", `ade20k-${ROW}`);
  mkdirSync(cached, { recursive: true });
  writeFileSync(join(cached, "trainer_epoch_20.safetensors"), "");
  const measure = async (...more: string[]) => {
    const { stdout, stderr } = await seg([ROW, ...words(address), "--data", list, "--json", ...more]);
    expect(stderr).toContain("holds a training of your own: its weights are scored, not the original's.");
    return (JSON.parse(stdout) as Reproduction).rows[0]!.earlier;
  };
  expect([await measure(), await measure(), await measure("--again")]).toEqual([false, true, false]);
  const label = readFileSync(labels[0]!);
  writeFileSync(labels[0]!, Buffer.concat([label, Buffer.from("tail")]));
  expect([await measure(), await measure()]).toEqual([false, true]);
  writeFileSync(labels[0]!, label);
  expect(await measure()).toBe(true);
});

it("stops at once where every row would fail: at a broken label, at a row that there is not, at a file that is not its own", async () => {
  const { address } = await server();
  const { list, labels } = await tinyDataset(join(folder, "data"), { name: "validation", photos: 1 });
  const argv = [ROW, ...words(address), "--data", list];
  expect(await seg(["nonsense", ...argv])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("no row nonsense"),
  });
  expect(await seg([ROW, ...words(address), "--data", join(folder, "none.odgt")])).toMatchObject({ code: 3 });
  mkdirSync(join(folder, "result"), { recursive: true });
  writeFileSync(join(folder, "result", "rows.json"), "{}");
  expect(await seg(argv)).toMatchObject({ code: 1, stderr: expect.stringMatching(/rows\.json .*: delete it/) });
  rmSync(join(folder, "result"), { recursive: true });
  writeFileSync(labels[0]!, "no png");
  const broken = await seg([LACKING, ...argv]);
  expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining(labels[0]!) });
});

it("keeps what is done when interrupted, and prints it", async () => {
  const { address } = await server();
  const { list } = await tinyDataset(join(folder, "data"), { name: "validation", photos: 1 });
  const stop = new AbortController();
  const dead = await fileServer((_request, response) => {
    // The second row's weights: they never come.
    response.writeHead(200, { "content-length": "1000" }).write("x");
    setTimeout(() => stop.abort(), 20);
  });
  await seg([ROW, ...words(address), "--data", list]);
  const argv = [ROW, LACKING, ...words(dead.address), "--data", list];
  const { code, stdout, stderr } = await seg(argv, { signal: stop.signal });
  expect([code, stderr.trim().split("\n").at(-1)]).toEqual([130, "error: interrupted"]);
  expect(stdout).toMatch(new RegExp(`^row .*\n${ROW} `));
});

it("goes on with the next row after it was killed", async () => {
  const { address } = await server();
  const { list } = await tinyDataset(join(folder, "data"), { name: "validation", photos: 1 });
  const dead = await fileServer((request, response) => {
    if (request.url!.includes(ROW))
      serve(weights(request.url!.includes("encoder_") ? "encoder" : "decoder"))(request, response);
    else response.writeHead(200, { "content-length": "1000" }).write("x");
  });
  const bin = fileURLToPath(new URL("../../src/bin.ts", import.meta.url));
  const argv = ["reproduce", ROW, LACKING, ...words(dead.address), "--data", list];
  const child = spawn(process.execPath, [...FROM_SOURCE, bin, ...argv], {
    env: { ...process.env, XDG_CACHE_HOME: join(folder, "cache") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  for await (const chunk of child.stderr)
    if (String(chunk).includes(`Downloading ${dead.address}/ade20k-${LACKING}`)) break;
  child.kill("SIGKILL");
  await once(child, "close");
  const { code, stderr } = await seg([ROW, LACKING, ...words(address), "--data", list]);
  expect([code, stderr]).toEqual([3, expect.stringContaining(`${ROW} is measured already.`)]);
});
