import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readLabel } from "@seg/ade20k-data";
import { createSegmenter, DEMO_MODEL, DEMO_PHOTO } from "@seg/pipeline";
import { FROM_SOURCE, temporaryFolder } from "@seg/testing/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runSeg } from "../run-seg.ts";

const PYTHON = process.env.SEG_TEST_PYTHON ?? "python3";
const NO_ONNX_IN_PYTHON =
  spawnSync(PYTHON, ["-c", "import onnxruntime, numpy, PIL"]).status !== 0 &&
  "python3 lacks onnxruntime, numpy or pillow";
const NO_TORCH = spawnSync(PYTHON, ["-c", "import torch"]).status !== 0 && "python3 lacks torch";
const skipped = (reason: string | false) => (reason ? ` (skipped: ${reason})` : "");

// The programs import what their users install; here that is what the packages' own tests have.
const INSTALLED = {
  "onnxruntime-node": "pipeline",
  "onnxruntime-web": "onnx",
  "@seg/ade20k-data": "pipeline",
  "@seg/backend": "pipeline",
  "@tensorflow/tfjs": "pipeline",
};

/** Runs a program in a folder where that is installed, and gives the labels that it makes. */
function labelsOfProgram(folder: string, program: string): Uint8Array {
  for (const [name, from] of Object.entries(INSTALLED)) {
    const link = join(folder, "node_modules", name);
    mkdirSync(join(link, ".."), { recursive: true });
    symlinkSync(fileURLToPath(new URL(`../../../${from}/node_modules/${name}`, import.meta.url)), link);
  }
  const save =
    'const { writeFileSync } = await import("node:fs");\nwriteFileSync("labels.bin", Uint8Array.from(labels));';
  writeFileSync(join(folder, "run.mjs"), `${program}\n${save}`);
  execFileSync(process.execPath, [...FROM_SOURCE, "run.mjs"], { cwd: folder, stdio: "pipe" });
  return readFileSync(join(folder, "labels.bin"));
}

const BIN = fileURLToPath(new URL("../../src/bin.ts", import.meta.url));

/** What `seg test` makes of the bundled photo, by the input's format. */
const expected: Record<string, Uint8Array | Int32Array> = {};

beforeAll(async () => {
  for (const inputFormat of ["rgb", "bgr-2018"]) {
    const set = { ...DEMO_MODEL.set, "MODEL.inputFormat": inputFormat };
    const segmenter = await createSegmenter({ config: DEMO_MODEL.config, set, backend: "wasm" });
    expected[inputFormat] = (await segmenter.segment(DEMO_PHOTO)).labels;
    segmenter.dispose();
  }
});

/** The share of pixels with the same label. */
function agreement(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let same = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) same++;
  return same / a.length;
}

let shelf: string;
beforeAll(() => {
  shelf = mkdtempSync(join(tmpdir(), "seg-exports-"));
});
afterAll(() => rmSync(shelf, { recursive: true, force: true }));
const shelved = new Map<string, ReturnType<typeof exportDemo>>();

/** Exports the bundled model into a folder with the bundled photo, once for all who ask so, and tells what the command printed as JSON. */
function exported(...flags: string[]) {
  const key = flags.join(" ");
  const made = shelved.get(key) ?? exportDemo(flags);
  shelved.set(key, made);
  return made;
}

async function exportDemo(flags: string[]) {
  const folder = mkdtempSync(join(shelf, "export-"));
  copyFileSync(DEMO_PHOTO, join(folder, "photo.jpg"));
  const { code, stdout, stderr } = await runSeg([
    ...["export", "--demo", "--json", "--out", join(folder, "model"), ...flags],
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return { folder, ...JSON.parse(stdout) };
}

const FORMS: [name: string, flags: string[]][] = [
  ["logits of the network's size, the default", []],
  [
    "labels of the photo's size of RGB bytes, channels last",
    "--input rgb --output labels --size given --layout nhwc".split(" "),
  ],
  ["probabilities of the photo's size, channels last", "--output probabilities --size given --layout nhwc".split(" ")],
  ["logits of the input's size, of RGB bytes", "--input rgb --size input".split(" ")],
  ["logits of BGR", ["MODEL.inputFormat", "bgr-2018"]],
  [
    "labels of bytes for BGR",
    [..."--input rgb --output labels --size given".split(" "), "MODEL.inputFormat", "bgr-2018"],
  ],
];

const GRAPH_MODELS: typeof FORMS = [
  ["logits of a graph model", []],
  ["logits of a graph model that takes bytes", ["--input", "rgb"]],
  ["logits of a graph model that takes BGR", ["MODEL.inputFormat", "bgr-2018"]],
];

const formatOf = (flags: readonly string[]) => (flags.includes("bgr-2018") ? "bgr-2018" : "rgb");
describe.skipIf(NO_ONNX_IN_PYTHON)(
  `the printed Python program labels the photo as seg test does, with${skipped(NO_ONNX_IN_PYTHON)}`,
  () => {
    it.each(FORMS)("%s", async (_, flags) => {
      const { folder, run } = await exported(...flags);
      execFileSync(PYTHON, ["-c", run.Python], { cwd: folder });
      const { labels } = await readLabel(join(folder, "labels.png"));
      expect(agreement(labels, expected[formatOf(flags)]!)).toBeGreaterThan(0.999);
    });
  },
);

describe("the printed Node program labels the photo as seg test does, with", () => {
  it.each(FORMS.slice(0, 3))("%s", async (_, flags) => {
    const { folder, run } = await exported(...flags);
    expect(agreement(labelsOfProgram(folder, run.Node), expected[formatOf(flags)]!)).toBeGreaterThan(0.999);
  });
});

/** What a page's program meets: an image, and a canvas that resizes as `seg test` does. */
const PAGE = `
import { readFileSync } from "node:fs";
import { decodeImage, resizeAntialiased } from "@seg/ade20k-data";
const shown = await decodeImage("photo.jpg");
const rgba = ({ data, width, height }) => {
  const pixels = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) pixels.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
  return { data: pixels, width, height };
};
globalThis.fetch = async (path) => new Response(readFileSync("." + path));
globalThis.document = { querySelector: () => rgba(shown) };
globalThis.createImageBitmap = async () => shown;
globalThis.OffscreenCanvas = class {
  getContext() {
    return this;
  }
  drawImage(photo, x, y, width, height) {
    this.photo = resizeAntialiased(photo, width, height);
  }
  getImageData() {
    return rgba(this.photo);
  }
};
`;

describe("the printed program for a page labels the photo as seg test does, with", () => {
  // What follows the canvas is Node's program, and WebAssembly is slow: the rest of the forms.
  it.each(FORMS.slice(3))("%s", async (_, flags) => {
    const { folder, run } = await exported(...flags);
    // Where there is no server, ONNX Runtime reads paths.
    const program = PAGE + run.browser.replace('"/model"', '"model"');
    expect(agreement(labelsOfProgram(folder, program), expected[formatOf(flags)]!)).toBeGreaterThan(0.999);
  });

  it.each(GRAPH_MODELS)("%s", async (_, flags) => {
    const { folder, run } = await exported("--format", "tfjs", ...flags);
    // Plain JavaScript would take half a minute.
    const engine = 'import { startEngine } from "@seg/backend";\nawait startEngine("wasm");\n';
    const labels = labelsOfProgram(folder, engine + PAGE + run.browser);
    expect(agreement(labels, expected[formatOf(flags)]!)).toBeGreaterThan(0.999);
  });
});

describe("seg export", () => {
  it("prints what it wrote, what goes in and comes out, and programs", async () => {
    const path = join(temporaryFolder(), "deep/model.onnx");
    const { code, stdout, stderr } = await runSeg(["export", "--demo", "--out", path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      `Wrote ${path}: mobilenetv2dilated-c1_deepsup, 150 classes, 8.2 MB.`,
      "  input   image: float32 [batch, 3, height, width]",
      "  output  scores: float32 [batch, 150, scores_height, scores_width]",
      "",
    ]);
    for (const program of ["onnxruntime-node", "onnxruntime-web", "import numpy as np, onnxruntime"]) {
      expect(stdout).toContain(program);
    }
    expect(readdirSync(join(path, ".."))).toEqual(["model.onnx"]);
  });

  it("writes half the bytes with --half, and nearly the same labels come of them", async () => {
    const whole = await exported();
    const { folder, run, bytes, half } = await exported("--half");
    expect({ half, isHalf: bytes / whole.bytes < 0.51 }).toEqual({ half: true, isHalf: true });
    expect(agreement(labelsOfProgram(folder, run.Node), expected.rgb!)).toBeGreaterThan(0.99);
  });

  it.each(["safetensors", "pth"])("writes %s checkpoints that the printed seg test reads", async (format) => {
    const { folder, run } = await exported("--format", format);
    const words = `${run.here.replace("photo.jpg", DEMO_PHOTO)} --result ${folder} --backend wasm`.split(" ").slice(1);
    expect(await runSeg(words)).toMatchObject({ code: 0 });
    const { labels } = await readLabel(join(folder, "china_labels.png"));
    expect(agreement(labels, expected.rgb!)).toBe(1);
  });

  it.skipIf(NO_TORCH)(
    `writes .pth files that PyTorch reads as the printed program does${skipped(NO_TORCH)}`,
    async () => {
      const { folder, run } = await exported("--format", "pth", "--half");
      const check = "print(encoder['features.0.0.weight'].shape, encoder['features.0.0.weight'].dtype)";
      const said = execFileSync(PYTHON, ["-c", `${run.PyTorch}\n${check}`], { cwd: folder, encoding: "utf8" });
      expect(said).toBe("torch.Size([32, 3, 3, 3]) torch.float16\n");
    },
  );
});

describe("seg export tells in one line, leaves nothing, and ends with", () => {
  const cases: [what: string, code: number, line: string, message: RegExp][] = [
    ["an unknown format", 2, "--demo --format onx", /'onx' is invalid\. Allowed choices are onnx, tfjs/],
    ["an unknown output", 2, "--demo --output masks", /Allowed choices are logits/],
    ["--layout with a checkpoint", 2, "--demo --format pth --layout nhwc", /no layout for format pth .*"nhwc"/],
    ["--size with a graph model", 2, "--demo --format tfjs --size given", /no size for format tfjs/],
    ["--demo beside --cfg", 2, "--demo --cfg hrnetv2-c1", /--demo or --cfg/],
    ["an ONNX file to export", 2, "--demo --weights-onnx a.onnx", /a checkpoint to export .*a\.onnx/],
    ["missing weights", 3, "DIR FOLDER/none", /no folder .*\/none: /],
    ["weights of another network", 1, "--demo --arch-decoder ppm_deepsup", /decoder_epoch_1\.safetensors: /],
    ["a folder that cannot be made", 1, "--demo --out FOLDER/file/x.onnx", /file\/x\.onnx|FOLDER|file stands/],
    ["something else in its place", 2, "--demo --out FOLDER/file", /earlier export, or nothing, at .*file/],
    ["a folder in a file's place", 2, "--demo --out FOLDER/others", /others but received a folder/],
    ["a folder with other files", 2, "--demo --format tfjs --out FOLDER/others", /others but received a folder/],
  ];

  it.each(cases)("%s: %i", async (_, code, line, message) => {
    const folder = temporaryFolder({ file: "mine" });
    mkdirSync(join(folder, "others"));
    writeFileSync(join(folder, "others/letter.txt"), "mine");
    const words = line.replaceAll("FOLDER", folder).split(" ");
    const out = words.includes("--out") ? [] : ["--out", join(folder, "out/model")];
    const { stdout, stderr, ...ended } = await runSeg(["export", ...out, ...words], {
      env: { XDG_CACHE_HOME: join(folder, "cache") },
    });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect({ ...ended, stdout }).toEqual({ code, stdout: "" });
    expect(readdirSync(folder).sort()).toEqual(["file", "others"]);
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("mine");
  });

  it.each(["onnx", "tfjs", "safetensors", "pth"])("130 when %s is interrupted while it is written", async (format) => {
    const folder = temporaryFolder();
    const abort = new AbortController();
    const watch = setInterval(() => {
      if (existsSync(join(folder, "deep"))) abort.abort();
    });
    const words = ["export", "--demo", "--format", format, "--out", join(folder, "deep/model")];
    const { code, stderr } = await runSeg(words, { signal: abort.signal }).finally(() => clearInterval(watch));
    expect({ code, stderr }).toEqual({ code: 130, stderr: "error: interrupted\n" });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(process.platform === "win32").each(["onnx", "tfjs", "safetensors", "pth"])(
    "1 when %s no longer fits, as on a full disk",
    (format) => {
      const folder = temporaryFolder();
      // The shell's limit of a file's size, 500 KB; Node takes the system's error for it.
      const words = [...FROM_SOURCE, BIN, "export", "--demo", "--format", format, "--out", join(folder, "deep/model")];
      const limited = ["-c", 'ulimit -f 1000; exec "$0" "$@"', process.execPath, ...words];
      const { status, stderr } = spawnSync("sh", limited, { encoding: "utf8" });
      expect(stderr).toMatch(/^error: Expected to write .*deep\/model but [^\n]+\n$/);
      expect(status).toBe(1);
      expect(readdirSync(folder)).toEqual([]);
    },
  );
});
