/**
 * What `seg serve` does under load, beside `seg eval` with as many workers on the same photos in the same run: photos a second when all workers are
 * busy, and at four times that rate how long answers take, which they are, and how much memory is held. The load comes from this process, over
 * the loopback; the service is a process of its own.
 *
 *   node tools/bench/serve.mjs [--workers 2] [--photos 60] [--seconds 30] [--backend auto] [--overload 4]
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { writeImage } from "@seg/ade20k-data";
import { DEMO_MODEL, evaluate } from "@seg/cli";
import sharp from "sharp";
import { median, printTable, readArguments } from "./report.mjs";

const { values: flags } = readArguments({
  options: {
    workers: { type: "string", default: String(availableParallelism()) },
    photos: { type: "string", default: "60" },
    seconds: { type: "string", default: "30" },
    backend: { type: "string", default: "auto" },
    overload: { type: "string", default: "4" },
  },
});
const workers = Number(flags.workers);
const count = Number(flags.photos);

const folder = mkdtempSync(join(tmpdir(), "seg-bench-"));
try {
  const photos = await makePhotos();
  // Turn and turn about, as others may use the machine too.
  const rates = { eval: [], serve: [] };
  const service = await startService();
  try {
    for (let turn = 0; turn < 3; turn++) {
      rates.eval.push(await evaluationRate());
      rates.serve.push(await saturatedRate(service.url, photos));
    }
    const rate = median(rates.serve);
    printTable([
      {
        workers,
        engine: service.engine,
        "seg eval, photos a second": median(rates.eval),
        "seg serve, photos a second": rate,
        "serve ÷ eval": rate / median(rates.eval),
      },
    ]);
    console.log();
    printTable([await overload(service, photos, rate * Number(flags.overload))]);
  } finally {
    await service.stop();
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function makePhotos() {
  const [width, height] = [640, 427];
  mkdirSync(join(folder, "images"));
  mkdirSync(join(folder, "labels"));
  const photos = [];
  for (let i = 0; i < count; i++) {
    const wave = (p) => 128 + 60 * Math.sin((p % width) / 9 + i) + 60 * Math.cos(Math.floor(p / width) / 7);
    const data = Uint8Array.from({ length: width * height * 3 }, (_, j) => wave(Math.floor(j / 3)) + 7 * (j % 3));
    const file = join(folder, "images", `${i}.jpg`);
    await writeImage(file, { data, width, height });
    photos.push(readFileSync(file));
    const labels = Uint8Array.from({ length: width * height }, (_, p) => 1 + (Math.floor(p / 4000) % 150));
    await sharp(labels, { raw: { width, height, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toFile(join(folder, "labels", `${i}.png`));
  }
  return photos;
}

/** Photos a second of `seg eval`, from the first one that is scored to the last. */
async function evaluationRate() {
  const times = [];
  await evaluate({
    ...{ config: DEMO_MODEL.config, set: DEMO_MODEL.set, backend: flags.backend, workers },
    ...{ images: join(folder, "images"), labels: join(folder, "labels") },
    onProgress: ({ type }) => {
      if (type === "score") times.push(performance.now());
    },
  });
  return rateOf(times);
}

/** The same of the service, from as many clients as keep its workers busy. */
async function saturatedRate(url, photos) {
  const agent = new Agent({ keepAlive: true, maxSockets: 3 * workers });
  const times = [];
  let next = 0;
  const client = async () => {
    while (next < photos.length) {
      const { status } = await ask(url, photos[next++], agent);
      if (status !== 200) throw new Error(`the service answered ${status}`);
      times.push(performance.now());
    }
  };
  await Promise.all(Array.from({ length: 3 * workers }, client));
  agent.destroy();
  return rateOf(times);
}

/** How many a second. */
function rateOf(times) {
  return ((times.length - 1) / (times.at(-1) - times[0])) * 1000;
}

/** Requests at a steady rate, whatever becomes of them. */
async function overload({ url, pid }, photos, rate) {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  const until = performance.now() + Number(flags.seconds) * 1000;
  const answers = [];
  const memory = [];
  const watch = setInterval(() => memory.push(megabytes(pid)), 1000);
  for (let i = 0; performance.now() < until; i++) {
    answers.push(ask(url, photos[i % photos.length], agent));
    await new Promise((later) => setTimeout(later, 1000 / rate));
  }
  const all = await Promise.all(answers);
  clearInterval(watch);
  agent.destroy();
  const statuses = groups(all);
  const done = (statuses.get(200) ?? []).map(({ seconds }) => seconds).sort((a, b) => a - b);
  const quarter = Math.max(1, Math.floor(memory.length / 4));
  return {
    "requests a second": rate,
    requests: all.length,
    statuses: [...statuses].map(([status, { length }]) => `${status}: ${length}`).join(", "),
    "200: p50 s": done[Math.floor(done.length * 0.5)],
    "p99 s": done[Math.floor(done.length * 0.99)],
    "MB, first quarter": Math.max(...memory.slice(0, quarter)),
    "MB, last quarter": Math.max(...memory.slice(-quarter)),
  };
}

function groups(answers) {
  const found = new Map();
  for (const answer of answers) found.set(answer.status, [...(found.get(answer.status) ?? []), answer]);
  return found;
}

/** Asks for a photo; a status of 0 is no answer. */
function ask(url, photo, agent) {
  const began = performance.now();
  return new Promise((resolve) => {
    const end = (status) => resolve({ status, seconds: (performance.now() - began) / 1000 });
    const asked = request(`${url}/v1/segment`, {
      method: "POST",
      agent,
      headers: { "content-type": "image/jpeg", "content-length": photo.length },
    });
    asked.on("response", (answer) => answer.resume().on("end", () => end(answer.statusCode)));
    asked.on("error", () => end(0));
    asked.end(photo);
  });
}

/** What a process and its children hold, in MB; Linux only. */
function megabytes(pid) {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean),
    );
    return [pid, ...children].reduce(
      (sum, each) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${each}/status`, "utf8"))?.[1] ?? 0) / 1000,
      0,
    );
  } catch {
    return 0;
  }
}

async function startService() {
  const bin = fileURLToPath(new URL("../../packages/cli/dist/bin.js", import.meta.url));
  const words = ["serve", "--demo", "--port", "0", "--json", "--queue", "16"];
  const child = spawn(process.execPath, [bin, ...words, "--workers", flags.workers, "--backend", flags.backend], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let engine = "";
  let ready = 0;
  let url;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.type === "ready") {
      engine = event.engine;
      ready++;
    }
    if (event.type === "listening") url = event.url;
    if (url && ready === workers) break;
  }
  if (!url) throw new Error("the service did not start");
  child.stdout.resume();
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return {
    url,
    engine,
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
