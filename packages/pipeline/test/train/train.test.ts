import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeImage } from "@seg/ade20k-data";
import { readCheckpoint } from "@seg/checkpoint";
import {
  forkFromSource,
  PAIR,
  sizeOf,
  type TinyDataset,
  temporaryFolder,
  tinyDataset,
  tinySettings,
} from "@seg/testing/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { exportModel } from "../../src/export/export-model.ts";
import { createSegmenter } from "../../src/segment/segmenter.ts";
import { type TrainOptions, train } from "../../src/train/train.ts";

const EPOCHS = 2;
const NETWORKS = [1, 2].flatMap((epoch) => [`encoder_epoch_${epoch}.pth`, `decoder_epoch_${epoch}.pth`]);
const STATES = [1, 2].flatMap((epoch) => [`history_epoch_${epoch}.json`, `trainer_epoch_${epoch}.safetensors`]);
/** What a folder knows itself by. */
const DESCRIPTION = ["classes.json", "config.yaml"];

/** Everything that may be done at random to photos, in place of what the original does. */
const ALL_AT_RANDOM = {
  "DATASET.random_scale": [0.5, 2],
  "DATASET.crop_size": [24, 32],
  "DATASET.cat_max_ratio": 0.75,
  "DATASET.jitter_brightness": 0.4,
  "DATASET.jitter_contrast": 0.4,
  "DATASET.jitter_saturation": 0.4,
  "DATASET.jitter_hue": 0.1,
  "DATASET.blur_prob": 0.5,
  "DATASET.rare_class_temp": 0.1,
};

let folder: string;
let data: TinyDataset;
let val: TinyDataset;
/** The folder of a training that nothing disturbed. */
let undisturbed: string;

function start(dir: string, set: Record<string, unknown> = {}, options: TrainOptions = {}) {
  const settings = { ...tinySettings(data.list, dir), "TRAIN.workers": 0, "TRAIN.num_epoch": EPOCHS, ...set };
  return train({ config: PAIR, backend: "wasm", fromScratch: true, set: settings, ...options });
}

const checksums = (folder: string, files = [...NETWORKS, ...STATES]) =>
  files.map((file) => [
    file,
    createHash("sha256")
      .update(readFileSync(join(folder, file)))
      .digest("hex"),
  ]);

const listing = (folder: string) =>
  readdirSync(folder)
    .filter((file) => !file.startsWith("events."))
    .sort();

/** A copy of the undisturbed training as it was after its first epoch. */
function afterFirstEpoch(): string {
  const folder = temporaryFolder();
  for (const file of listing(undisturbed)) {
    if (/_epoch_1\./.test(file)) cpSync(join(undisturbed, file), join(folder, file));
  }
  return folder;
}

describe("Training", () => {
  beforeAll(async () => {
    forkFromSource();
    folder = mkdtempSync(join(tmpdir(), "seg-cli-"));
    data = await tinyDataset(folder);
    val = await tinyDataset(folder, { name: "val", photos: 3 });
    undisturbed = join(folder, "undisturbed");
    await start(undisturbed);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("leaves checkpoints, a history, its picture and TensorBoard's events, and nothing else", () => {
    expect(listing(undisturbed)).toEqual([...NETWORKS, ...STATES, ...DESCRIPTION, "history.svg"].sort());
    expect(readdirSync(undisturbed).filter((file) => file.startsWith("events."))).toHaveLength(1);
    const { train } = JSON.parse(readFileSync(join(undisturbed, "history_epoch_2.json"), "utf8"));
    expect(train.epoch).toEqual([0, 1, 2, 3, 4, 5].map((iteration) => expect.closeTo(iteration / 3, 12)));
    expect(train.loss.every(Number.isFinite) && train.acc.every(Number.isFinite)).toBe(true);
  });

  it("interrupted within an epoch saves, and resumed ends with the same bytes", async () => {
    const folder = join(temporaryFolder(), "deep/run");
    const controller = new AbortController();
    const saved: string[] = [];
    const interrupted = start(
      folder,
      {},
      {
        signal: controller.signal,
        onProgress(progress) {
          if (progress.type === "checkpoint") saved.push(...progress.files);
          if (progress.type === "iteration" && progress.epoch === 2 && progress.iteration === 0) {
            controller.abort(new Error("enough"));
          }
        },
      },
    );
    await expect(interrupted).rejects.toThrow("enough");
    expect(saved).toContain("trainer_epoch_1_iter_1.safetensors");
    const notes: string[] = [];
    const { checkpoint } = await start(folder, {}, { resume: true, log: (line) => notes.push(line) });
    expect(notes).toContain(`Going on from epoch_1_iter_1 in ${folder}.`);
    expect(checkpoint).toBe("epoch_2.pth");
    expect(checksums(folder)).toEqual(checksums(undisturbed));
    expect(listing(folder)).toEqual(listing(undisturbed));
  });

  it("saves within epochs if asked to, and killed goes on from there to the same bytes", async () => {
    const folder = temporaryFolder();
    const killed = join(temporaryFolder(), "killed");
    const saved: string[] = [];
    const set = { "TRAIN.save_every_iters": 1, "TRAIN.keep": 1 };
    await start(folder, set, {
      onProgress(progress) {
        if (progress.type !== "checkpoint") return;
        saved.push(progress.files[3]!.slice("trainer_".length, -".safetensors".length));
        // But for the lock, whose holder lives.
        if (saved.length === 5) cpSync(folder, killed, { recursive: true, filter: (file) => !file.endsWith(".lock") });
      },
    });
    const names = ["epoch_0_iter_1", "epoch_0_iter_2", "epoch_1", "epoch_1_iter_1", "epoch_1_iter_2", "epoch_2"];
    expect(saved).toEqual(names);
    const last = [...NETWORKS.slice(2), ...STATES.slice(2)];
    expect(listing(folder)).toEqual([...last, ...DESCRIPTION, "history.svg"].sort());
    // Told before the one before is removed.
    expect(listing(killed).filter((file) => file.startsWith("trainer"))).toHaveLength(3);
    const notes: string[] = [];
    await start(killed, {}, { resume: true, log: (line) => notes.push(line) });
    expect(notes).toContain(`Going on from epoch_1_iter_2 in ${killed}.`);
    for (const dir of [folder, killed]) expect(checksums(dir, last)).toEqual(checksums(undisturbed, last));
  });

  it("resumes to the same bytes with averaged weights and all that is done at random to photos, with loaders in threads or not", async () => {
    const all = { ...ALL_AT_RANDOM, "TRAIN.ema_decay": 0.5 };
    const whole = temporaryFolder();
    await start(whole, { ...all, "TRAIN.workers": 1 });
    expect(checksums(whole, NETWORKS)).not.toEqual(checksums(undisturbed, NETWORKS));
    const folder = temporaryFolder();
    const controller = new AbortController();
    const onProgress: TrainOptions["onProgress"] = (progress) => {
      if (progress.type === "iteration" && progress.epoch === 2) controller.abort(new Error("enough"));
    };
    await expect(start(folder, all, { signal: controller.signal, onProgress })).rejects.toThrow("enough");
    const notes: string[] = [];
    const warn = (line: string) => notes.push(line);
    await start(folder, all, { resume: true, warn });
    expect(notes).toEqual([]);
    expect(checksums(folder, NETWORKS)).toEqual(checksums(whole, NETWORKS));
  });

  it("goes on from the end of TRAIN.start_epoch to the same bytes", async () => {
    const folder = afterFirstEpoch();
    await start(folder, { "TRAIN.start_epoch": 1 });
    expect(checksums(folder)).toEqual(checksums(undisturbed));
  });

  it("leaves a folder that needs nothing else to segment, score, export and go on, wherever it is", async () => {
    const moved = join(temporaryFolder(), "moved");
    cpSync(undisturbed, moved, { recursive: true });
    const lines: string[] = [];
    const segmenter = await createSegmenter({ folder: moved, backend: "wasm", log: (line) => lines.push(line) });
    expect(lines[0]).toBe(`Taking epoch_2 of ${moved}, the newest; set TEST.checkpoint for another.`);
    expect(segmenter.classes).toHaveLength(2);
    const { labels } = await segmenter.segment(data.images[0]!);
    segmenter.dispose();
    const config = { config: PAIR, set: { DIR: moved, "TEST.checkpoint": "epoch_2.pth", "DATASET.num_class": 2 } };
    const named = await createSegmenter({
      ...config,
      set: { ...config.set, "DATASET.imgSizes": [21, 32] },
      backend: "wasm",
    });
    expect((await named.segment(data.images[0]!)).labels).toEqual(labels);
    named.dispose();

    const scores = await evaluate({ folder: moved, backend: "wasm", set: { "DATASET.list_val": val.list } });
    expect(scores).toMatchObject({ images: 3, classes: [{ name: "class 1" }, { name: "class 2" }] });
    const out = join(temporaryFolder(), "networks");
    const exported = await exportModel({ folder: moved, format: "safetensors", out });
    expect(exported.weights.encoder).toBe(join(moved, "encoder_epoch_2.pth"));
    const training = await train({ folder: moved, resume: true, backend: "wasm" });
    expect(training).toMatchObject({ folder: moved, checkpoint: "epoch_2.pth" });
  });

  it("goes on from another program's networks, which stay as they are whatever is removed later", async () => {
    const folder = temporaryFolder();
    for (const half of ["encoder", "decoder"]) {
      cpSync(join(undisturbed, `${half}_epoch_1.pth`), join(folder, `${half}_epoch_1.pth`));
      writeFileSync(join(folder, `${half}_best.pth`), `another's ${half}`);
    }
    await expect(start(folder)).rejects.toMatchObject({ code: "config", data: { key: "DIR", checkpoint: "epoch_1" } });
    const warnings: string[] = [];
    const set = { "TRAIN.keep": 1, "TRAIN.eval_every": 1, "DATASET.list_val": val.list };
    await start(folder, set, { resume: true, warn: (line) => warnings.push(line) });
    expect(warnings).toContain(`epoch_1 in ${folder} has no trainer file: the optimizer begins anew.`);
    const networks = NETWORKS.slice(0, 2);
    expect(checksums(folder, networks)).toEqual(checksums(undisturbed, networks));
    expect(readFileSync(join(folder, "decoder_best.before.pth"), "utf8")).toBe("another's decoder");
    expect(listing(folder)).toContain("trainer_epoch_2.safetensors");
  });

  it("scores and shows the network after epochs without changing its course, sets the best apart, as seg eval does", async () => {
    const folder = temporaryFolder();
    const classes = join(folder, "classes.json");
    writeFileSync(classes, JSON.stringify(["dark", "bright"]));
    const set = { "DATASET.list_val": val.list, "DATASET.classes": classes, "TRAIN.eval_every": 1 };
    const told: unknown[] = [];
    const { validation } = await start(folder, set, {
      onProgress: (progress) => progress.type === "validation" && told.push(progress),
    });
    expect(checksums(folder)).toEqual(checksums(undisturbed));
    expect(validation.map(({ epoch }) => epoch)).toEqual([1, 2]);
    const best = validation[0]!.meanIou >= validation[1]!.meanIou ? 1 : 2;
    expect(told).toMatchObject([
      { epoch: 1, best: true, shortSide: 32 },
      { epoch: 2, best: best === 2 },
    ]);
    for (const half of ["encoder", "decoder"]) {
      const network = readFileSync(join(folder, `${half}_epoch_${best}.pth`));
      expect(readFileSync(join(folder, `${half}_best.pth`)).equals(network)).toBe(true);
    }
    const { width, height } = await decodeImage(join(folder, "validation_epoch_2.png"));
    // Four pictures side by side, enlarged for their captions.
    expect(width).toBeGreaterThan(4 * sizeOf(0).width);
    expect(height).toBeGreaterThan(sizeOf(0).height);
    const written = JSON.parse(readFileSync(join(folder, "evaluation_epoch_2.json"), "utf8"));
    expect(written.classes.map(({ name }: { name: string }) => name)).toEqual(["dark", "bright"]);
    const again = await evaluate({
      config: PAIR,
      backend: "wasm",
      set: {
        DIR: folder,
        "VAL.checkpoint": "epoch_2.pth",
        "DATASET.num_class": 2,
        "DATASET.list_val": val.list,
        "DATASET.imgSizes": 32,
      },
    });
    expect(written.confusion).toEqual(again.confusion);

    // What was killed between a checkpoint and its scores makes up for them.
    for (const file of ["evaluation_epoch_2.json", "validation_epoch_2.png", "encoder_best.pth", "decoder_best.pth"]) {
      unlinkSync(join(folder, file));
    }
    const resumed = await start(folder, set, { resume: true });
    expect(resumed.validation).toEqual(validation);
    expect(existsSync(join(folder, "validation_epoch_2.png"))).toBe(true);
    expect(existsSync(join(folder, "encoder_best.pth"))).toBe(best === 2);
  });

  it("interrupted while it scores has saved the epoch before, and leaves no half of an evaluation", async () => {
    const folder = temporaryFolder();
    const controller = new AbortController();
    const onProgress = ({ type }: { type: string }) => type === "score" && controller.abort(new Error("enough"));
    const set = { "DATASET.list_val": val.list, "TRAIN.eval_every": 1 };
    await expect(start(folder, set, { onProgress, signal: controller.signal })).rejects.toThrow("enough");
    const saved = [...NETWORKS, ...STATES].filter((file) => file.includes("epoch_1"));
    expect(listing(folder)).toEqual(
      [...saved, ...DESCRIPTION, "history.svg", "stopped.txt", "validation_epoch_1.png"].sort(),
    );
  });

  it("saves and scores the averages of its weights, trains on with the weights themselves, and does without again", async () => {
    const folder = temporaryFolder();
    const set = { "TRAIN.ema_decay": 0.5, "DATASET.list_val": val.list, "TRAIN.eval_every": 1 };
    const notes: string[] = [];
    const warn = (line: string) => notes.push(line);
    await start(folder, { ...set, "TRAIN.num_epoch": 1 });
    expect(checksums(folder, ["encoder_epoch_1.pth"])).not.toEqual(checksums(undisturbed, ["encoder_epoch_1.pth"]));
    // The rates depend on the number of epochs, so the undisturbed training is no measure here.
    const plain = temporaryFolder();
    await start(plain, { "TRAIN.num_epoch": 1 });
    const trained = await readCheckpoint(join(folder, "trainer_epoch_1.safetensors"));
    const averages = await readCheckpoint(join(folder, "encoder_epoch_1.pth"));
    let different = 0;
    for (const [name, { dtype, data }] of await readCheckpoint(join(plain, "encoder_epoch_1.pth"))) {
      if (dtype !== "float32") continue;
      expect(trained.get(`encoder.${name}`)!.data).toEqual(data);
      if (!Buffer.from(data.buffer).equals(Buffer.from(averages.get(name)!.data.buffer))) different++;
    }
    expect(different).toBeGreaterThan(100);

    const { confusion } = await evaluate({
      config: PAIR,
      backend: "wasm",
      set: {
        DIR: folder,
        "VAL.checkpoint": "best.pth",
        "DATASET.num_class": 2,
        "DATASET.list_val": val.list,
        "DATASET.imgSizes": 32,
      },
    });
    const written = JSON.parse(readFileSync(join(folder, "evaluation_epoch_1.json"), "utf8"));
    expect(written.confusion).toEqual(confusion);

    await start(folder, { "TRAIN.num_epoch": 2 }, { resume: true, warn });
    await start(plain, { "TRAIN.num_epoch": 2 }, { resume: true, warn });
    expect(notes).toContain("Since epoch_1, TRAIN.ema_decay was 0.5 and is 0: the training takes another course.");
    expect(checksums(folder, ["encoder_epoch_2.pth"])).toEqual(checksums(plain, ["encoder_epoch_2.pth"]));
  });

  it("ends early where evaluations bring nothing better, resumed or not, and goes on with more patience", async () => {
    const folder = temporaryFolder();
    // Nothing moves, so that no evaluation is better than the first one.
    const still = { "TRAIN.lr_encoder": 0, "TRAIN.lr_decoder": 0, "TRAIN.fix_bn": true, "TRAIN.epoch_iters": 1 };
    const set = { ...still, "DATASET.list_val": val.list, "TRAIN.eval_every": 1, "TRAIN.num_epoch": 9 };
    const notes: string[] = [];
    const options = { log: (line: string) => notes.push(line), resume: true };
    const first = await start(folder, { ...set, "TRAIN.early_stop": 2 }, options);
    expect(first).toMatchObject({ checkpoint: "epoch_3.pth", validation: [{ epoch: 1 }, { epoch: 2 }, { epoch: 3 }] });
    const score = first.validation[0]!.meanIou.toFixed(4);
    const why = `the last 2 evaluations were no better than the mean IoU ${score} after epoch 1 (TRAIN.early_stop 2)`;
    expect(notes).toContain(`Ending after epoch 3: ${why}.`);
    expect(existsSync(join(folder, "encoder_epoch_4.pth"))).toBe(false);

    const again = await start(folder, { ...set, "TRAIN.early_stop": 2 }, options);
    expect(again).toMatchObject({ checkpoint: "epoch_3.pth" });
    const warnings: string[] = [];
    const more = { ...options, warn: (line: string) => warnings.push(line) };
    expect(await start(folder, { ...set, "TRAIN.early_stop": 3 }, more)).toMatchObject({ checkpoint: "epoch_4.pth" });
    expect(warnings).toEqual([]);
  });

  it("keeps the last checkpoints only, if asked to", async () => {
    const folder = temporaryFolder();
    await start(folder, { "TRAIN.keep": 1, "TRAIN.epoch_iters": 1 });
    expect(listing(folder)).toEqual(
      [
        ...DESCRIPTION,
        "decoder_epoch_2.pth",
        "encoder_epoch_2.pth",
        "history.svg",
        "history_epoch_2.json",
        "trainer_epoch_2.safetensors",
      ].sort(),
    );
  });

  it("takes another course if anything that matters is changed", async () => {
    const folder = temporaryFolder();
    const notes: string[] = [];
    cpSync(afterFirstEpoch(), folder, { recursive: true });
    await start(folder, { "TRAIN.seed": 305, "TRAIN.disp_iter": 2 }, { resume: true, log: (line) => notes.push(line) });
    expect(notes).toContain("Since epoch_1, TRAIN.seed was 304 and is 305: the training takes another course.");
    expect(notes.join()).not.toContain("disp_iter");
    expect(checksums(folder, ["encoder_epoch_2.pth"])).not.toEqual(checksums(undisturbed, ["encoder_epoch_2.pth"]));
  });

  it.each([
    ["DATASET.random_flip", false],
    ["DATASET.padLabel", "mit"],
    ["DATASET.imgSizes", [21]],
    ["DATASET.random_scale", [0.5, 0.9]],
    ["DATASET.crop_size", 16],
    ["DATASET.jitter_contrast", 0.5],
    ["DATASET.blur_prob", 1],
    ["DATASET.rare_class_temp", 0.1],
    ["TRAIN.loss", "ce + 0.5 dice"],
    ["TRAIN.class_weights", "inverse"],
  ])("obeys %s", async (key, value) => {
    const folder = temporaryFolder();
    const controller = new AbortController();
    const onProgress = ({ type }: { type: string }) => type === "checkpoint" && controller.abort(new Error("enough"));
    await expect(start(folder, { [key]: value }, { onProgress, signal: controller.signal })).rejects.toThrow("enough");
    expect(checksums(folder, ["encoder_epoch_1.pth"])).not.toEqual(checksums(undisturbed, ["encoder_epoch_1.pth"]));
  });

  it("stops when the loss is no longer a number, naming iteration and photos, with the last checkpoint as it was", async () => {
    const folder = afterFirstEpoch();
    const error = await start(folder, { "TRAIN.lr_encoder": 1e36, "TRAIN.lr_decoder": 1e36 }, { resume: true }).catch(
      (e) => e,
    );
    expect(error).toMatchObject({
      code: "failed",
      data: {
        loss: expect.stringMatching(/^(NaN|Infinity)$/),
        iteration: expect.toBeOneOf([1, 2]),
        epoch: 2,
        files: expect.arrayContaining([expect.stringMatching(/train-\d\.png$/)]),
      },
    });
    expect(listing(folder).filter((file) => !file.startsWith("history.svg"))).toEqual(
      [...NETWORKS.slice(0, 2), ...STATES.slice(0, 2), ...DESCRIPTION, "stopped.txt"].sort(),
    );
    expect(checksums(folder, [NETWORKS[0]!, STATES[1]!])).toEqual(checksums(undisturbed, [NETWORKS[0]!, STATES[1]!]));
  });

  it("saves what was learned until a label turns out to be wrong, and names it", async () => {
    const folder = temporaryFolder();
    const broken = await tinyDataset(folder, { photos: 4 });
    let iterations = 0;
    const run = start(
      join(folder, "run"),
      { "DATASET.list_train": broken.list, "TRAIN.epoch_iters": 30, "TRAIN.workers": 0 },
      {
        onProgress(progress) {
          if (progress.type === "iteration" && ++iterations === 2) copyFileSync(broken.images[0]!, broken.labels[1]!);
        },
      },
    );
    await expect(run).rejects.toMatchObject({ code: "bad-label", data: { file: broken.labels[1] } });
    expect(listing(join(folder, "run")).join()).toMatch(/trainer_epoch_0_iter_\d+\.safetensors/);
  });

  describe("finds the last whole checkpoint", () => {
    const whole = () => [...NETWORKS, ...STATES].filter((file) => file.includes("epoch_2"));
    const damages: [string, (folder: string) => void][] = [
      [
        "the encoder alone",
        (folder) =>
          whole()
            .slice(1)
            .forEach((file) => {
              unlinkSync(join(folder, file));
            }),
      ],
      ["no trainer file", (folder) => unlinkSync(join(folder, "trainer_epoch_2.safetensors"))],
      ["half a trainer file", (folder) => truncateSync(join(folder, "trainer_epoch_2.safetensors"), 100_000)],
      ["half a decoder", (folder) => truncateSync(join(folder, "decoder_epoch_2.pth"), 100_000)],
      ["another history", (folder) => writeFileSync(join(folder, "history_epoch_2.json"), "{}")],
      ["no decoder", (folder) => unlinkSync(join(folder, "decoder_epoch_2.pth"))],
    ];
    // All damages in one training each would take minutes; what is found is told before anything is trained.
    it.each(damages)("where the next one has %s", async (_what, damage) => {
      const folder = temporaryFolder();
      cpSync(undisturbed, folder, { recursive: true });
      damage(folder);
      const id = "6b4c6c9e-37a5-4a3e-9d0e-0e5f4c2d8a11";
      const drafts = [
        `encoder_epoch_2.pth.${id}.tmp`,
        `decoder_best.pth.${id}.tmp`,
        `.history.svg.${id}.tmp`,
        `.${id}.tmp`,
      ];
      for (const draft of drafts) writeFileSync(join(folder, draft), "half");
      const controller = new AbortController();
      const notes: string[] = [];
      const options = {
        resume: true,
        signal: controller.signal,
        log(line: string) {
          notes.push(line);
          if (line.startsWith("Going on")) controller.abort(new Error("enough"));
        },
      };
      await expect(start(folder, {}, options)).rejects.toThrow("enough");
      expect(notes).toContain(`Going on from epoch_1 in ${folder}.`);
      expect(listing(folder).filter((file) => drafts.includes(file))).toEqual([]);
    });
  });

  describe("refuses", () => {
    const cases: [string, Record<string, unknown>, TrainOptions, object][] = [
      [
        "to begin in a folder that holds a training",
        {},
        {},
        { code: "config", data: { key: "DIR", checkpoint: "epoch_1" } },
      ],
      [
        "to go on with another number of classes",
        { "DATASET.num_class": 3 },
        { resume: true },
        {
          code: "config",
          data: { key: "DATASET.num_class", checkpoint: "epoch_1", expected: 2, received: 3 },
        },
      ],
      [
        "to go on with another optimizer",
        { "TRAIN.optim": "Adam" },
        { resume: true },
        { code: "config", data: { key: "TRAIN.optim", expected: "SGD", received: "Adam" } },
      ],
      [
        "to go on with another network",
        { "MODEL.arch_decoder": "c1" },
        { resume: true },
        { code: "config", data: { key: "MODEL.arch_decoder", expected: "c1_deepsup", received: "c1" } },
      ],
      [
        "to go on from an epoch that is not there",
        { "TRAIN.start_epoch": 7 },
        {},
        {
          code: "missing",
          data: { key: "TRAIN.start_epoch", received: 7, file: expect.stringMatching(/encoder_epoch_7\.pth$/) },
        },
      ],
      [
        "a list that is not there",
        { "DATASET.list_train": "/nowhere/train.odgt" },
        {},
        { code: "missing", data: { key: "DATASET.list_train", file: "/nowhere/train.odgt" } },
      ],
      [
        "to evaluate without a list",
        { "TRAIN.eval_every": 1, "DATASET.list_val": "/nowhere/val.odgt" },
        { resume: true },
        { code: "missing", data: { key: "DATASET.list_val", file: "/nowhere/val.odgt" } },
      ],
      [
        "class names that are not there",
        { "DATASET.classes": "classes.csv" },
        {},
        { code: "not-found", data: { file: "classes.csv" } },
      ],
    ];
    it.each(cases)("%s, before anything is trained", async (_what, set, options, error) => {
      const folder = afterFirstEpoch();
      const before = listing(folder);
      await expect(start(folder, set, options)).rejects.toMatchObject(error);
      expect(listing(folder)).toEqual(before);
    });

    it("weights of another architecture, naming the file", async () => {
      const weights = join(undisturbed, "decoder_epoch_1.pth");
      const error = await start(temporaryFolder(), { "MODEL.weights_encoder": weights }).catch((e) => e);
      expect(error).toMatchObject({ code: "mismatch", data: { file: weights } });
      expect(error.message).not.toContain("\n");
    });

    it("a folder that cannot be written", async () => {
      const folder = join(temporaryFolder({ file: "" }), "file", "run");
      await expect(start(folder)).rejects.toMatchObject({ code: "unwritable", data: { file: folder } });
    });
  });
});
