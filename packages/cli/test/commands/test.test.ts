import { randomFillSync } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ADE20K_CLASSES, classShares, decodeImage, overlay, readLabel } from "@seg/ade20k-data";
import type { Resolved } from "@seg/pipeline/config";
import { fileServer, fullDisk, status, temporaryFolder } from "@seg/testing/node";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OpenSegmenter } from "../../src/actions/test.ts";
import { testCommand } from "../../src/commands/test.ts";
import { runSeg } from "../run-seg.ts";

let opened: Parameters<OpenSegmenter> | undefined;
let disposed = 0;
let onOpen = () => {};

/** Sees sky (class 2) in every photo's upper half, and wall (class 0) below. */
const open: OpenSegmenter = async (...args) => {
  opened = args;
  onOpen();
  return {
    classes: ADE20K_CLASSES,
    async segment(photo) {
      const image = await decodeImage(photo);
      const { width, height } = image;
      const labels = Uint8Array.from({ length: width * height }, (_, i) => (i < (width * height) / 2 ? 2 : 0));
      const map = { labels, width, height };
      return {
        ...map,
        image,
        classes: classShares(map, ADE20K_CLASSES),
        overlay: () => overlay(image, map, ADE20K_CLASSES),
      };
    },
    dispose: () => {
      disposed++;
    },
  };
};

const { CUDA_VISIBLE_DEVICES } = process.env;
afterEach(() => {
  delete process.env.CUDA_VISIBLE_DEVICES;
  if (CUDA_VISIBLE_DEVICES !== undefined) process.env.CUDA_VISIBLE_DEVICES = CUDA_VISIBLE_DEVICES;
});

let folder: string;
let photo: string;
let checkpoint: string[];

beforeEach(async () => {
  opened = undefined;
  disposed = 0;
  onOpen = () => {};
  folder = temporaryFolder({ "encoder_epoch_14.pth": "", "decoder_epoch_14.pth": "" });
  photo = join(folder, "photo.jpg");
  await sharp({ create: { width: 20, height: 10, channels: 3, background: "teal" } })
    .jpeg()
    .toFile(photo);
  checkpoint = ["DIR", folder, "TEST.checkpoint", "epoch_14.pth"];
});

const seg = (argv: string[], signal?: AbortSignal, name = "test") =>
  runSeg([name, ...argv], {
    env: { XDG_CACHE_HOME: join(folder, "cache") },
    commands: [(io, exit) => testCommand(io, exit, open)],
    ...(signal && { signal }),
  });

describe("seg test", () => {
  it("takes photos that are called like what every object has", async () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    const out = join(folder, "out");
    const photos = names.map((name) => join(folder, `${name}.jpg`));
    for (const file of photos) copyFileSync(photo, file);
    const { code, stdout } = await seg(["--imgs", ...photos, "--result", out, "--masks", "--json", ...checkpoint]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).results.map(({ overlay }: { overlay: string }) => overlay)).toEqual(
      names.map((name) => join(out, `${name}_overlay.png`)),
    );
    const files = names.flatMap((name) => [`${name}_labels.png`, `${name}_masks`, `${name}_overlay.png`]);
    expect(readdirSync(out).sort()).toEqual(files.sort());
  });

  it.skipIf(process.platform === "win32")(
    `shows a photo's name without what a terminal would obey${process.platform === "win32" ? " (skipped: Windows has no such names)" : ""}`,
    async () => {
      const odd = join(folder, "a\u001b[31m\nPredictions in [b]:\u202e.jpg");
      copyFileSync(photo, odd);
      for (const flags of [[], ["--json"], ["--imgs", join(folder, "\u009bnone.jpg")]]) {
        const { stdout, stderr } = await seg(["--imgs", odd, "--result", join(folder, "out"), ...flags, ...checkpoint]);
        const shown = `${stdout}${stderr}`;
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there.
        expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|\nPredictions in \[b/);
        expect(shown).toContain(String.raw`a\u001b[31m`);
      }
    },
  );

  const mounts = fullDisk();
  it.skipIf(!mounts)(
    `leaves no empty folder on a full disk${mounts ? "" : " (skipped: no tmpfs can be mounted)"}`,
    async () => {
      // Room for folders and a probe, and not for a picture.
      const noise = await sharp(randomFillSync(new Uint8Array(200 * 200 * 3)), {
        raw: { width: 200, height: 200, channels: 3 },
      });
      await noise.png().toFile(photo);
      const [disk, unmount] = mounts!(64);
      try {
        for (const flags of [[], ["--masks", "--scores"]]) {
          const argv = ["--imgs", photo, "--result", join(disk, "a/b"), ...flags, ...checkpoint];
          const { code, stderr } = await seg(argv);
          expect({ code, stderr }).toEqual({
            code: 1,
            stderr: expect.stringMatching(/error: [^\n]*disk is full[^\n]*\n$/),
          });
          expect(readdirSync(disk)).toEqual([]);
        }
      } finally {
        unmount();
      }
    },
  );

  it("prints the classes as the original does and writes the pictures", async () => {
    const out = join(folder, "deep/out");
    const { code, stdout, stderr } = await seg(["--imgs", photo, "--result", out, "--legend", ...checkpoint]);
    expect(stdout).toBe(`Predictions in [${photo}]:\n  wall: 50.00%\n  sky: 50.00%\n`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("photo_overlay.png") });
    expect(readdirSync(out).sort()).toEqual(["photo_labels.png", "photo_legend.png", "photo_overlay.png"]);
    const { labels } = await readLabel(join(out, "photo_labels.png"));
    expect([labels[0], labels[199]]).toEqual([2, 0]);
    expect(disposed).toBe(1);
  });

  it("prints one JSON object with --json and keeps still with --quiet", async () => {
    const { code, stdout, stderr } = await seg([
      "--imgs",
      photo,
      "--json",
      "--quiet",
      "--result",
      folder,
      ...checkpoint,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      results: [
        {
          image: photo,
          width: 20,
          height: 10,
          classes: [
            { index: 0, name: "wall", share: 0.5, color: [...ADE20K_CLASSES[0]!.color] },
            { index: 2, name: "sky", share: 0.5, color: [...ADE20K_CLASSES[2]!.color] },
          ],
          overlay: join(folder, "photo_overlay.png"),
          labels: join(folder, "photo_labels.png"),
        },
      ],
      failed: [],
    });
  });

  it("is called predict and segment too, takes patterns, and writes what is asked for", async () => {
    const out = join(folder, "out");
    const flags = ["--result", out, "--masks", "--side-by-side", "--legend_inside", ...checkpoint];
    for (const name of ["predict", "segment"]) {
      const { code, stdout, stderr } = await seg([join(folder, "*.jpg"), ...flags], undefined, name);
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("wall: 50.00%") });
      expect(stderr).toContain(`${join(out, "photo_side_by_side.png")} and 2 masks in ${join(out, "photo_masks")} are`);
      expect(readdirSync(join(out, "photo_masks"))).toEqual(["001_wall.png", "003_sky.png"]);
      const files = ["photo_labels.png", "photo_masks", "photo_overlay.png", "photo_side_by_side.png"];
      expect(readdirSync(out).sort()).toEqual(files);
      expect((await decodeImage(join(out, "photo_overlay.png"))).width).toBeGreaterThan(100);
    }
  });

  it("takes file URLs for photos and folders", async () => {
    const out = join(folder, "out put");
    const args = ["--imgs", pathToFileURL(photo).href, "--result", pathToFileURL(out).href, "--quiet", ...checkpoint];
    expect(await seg(args)).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(out).sort()).toEqual(["photo_labels.png", "photo_overlay.png"]);
  });

  it("looks at the photos before it fetches weights", async () => {
    const { address, requests } = await fileServer(status(404));
    const notes = join(folder, "notes.jpg");
    writeFileSync(notes, "no picture");
    const { code, stderr } = await seg(["--imgs", notes, "--mirror", address, "--result", folder]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^error: .*notes\.jpg holds text: convert it or leave it out\.\n$/),
    ]);
    expect(requests).toEqual([]);
  });

  it("hands on configuration, weights, engine and GPUs", async () => {
    const args = `${photo} --num_class 11 --img_sizes 300 450 --backend wasm --gpus 2-3 --result ${folder} --quiet`;
    expect((await seg([...args.split(" "), ...checkpoint])).code).toBe(0);
    const [{ config: resolved, backend, weights }] = opened!;
    const { config } = resolved as Resolved;
    expect(config).toMatchObject({ DATASET: { num_class: 11, imgSizes: [300, 450] } });
    expect(backend).toBe("wasm");
    expect(weights).toEqual({
      encoder: join(folder, "encoder_epoch_14.pth"),
      decoder: join(folder, "decoder_epoch_14.pth"),
    });
    expect(process.env.CUDA_VISIBLE_DEVICES).toBe("2");
  });

  it("understands a command of 2018", async () => {
    const args = `--model_path ${folder} --suffix _epoch_14.pth --test_imgs ${photo} --arch_encoder mobilenetv2dilated
      --arch_decoder c1_deepsup --fc_dim 320 --num_val -1 --num_class 150 --imgSize 300 400 --imgMaxSize 1000
      --padding_constant 8 --segm_downsampling_rate 8 --result ${folder} --gpu 0`;
    expect(await seg(args.split(/\s+/))).toMatchObject({ code: 0, stdout: expect.stringContaining("wall: 50.00%") });
    expect((opened![0].config as Resolved).config).toMatchObject({
      MODEL: { fc_dim: 320 },
      DATASET: { imgSizes: [300, 400] },
    });
  });

  it("takes all pictures below a folder, or the first few", async () => {
    mkdirSync(join(folder, "in/sub"), { recursive: true });
    for (const name of ["in/a.jpg", "in/sub/b.jpg"]) symlinkSync(photo, join(folder, name));
    const out = join(folder, "out");
    const args = ["--imgs", join(folder, "in"), "--result", out, "--quiet", ...checkpoint];
    expect((await seg(args)).stdout.match(/Predictions/g)).toHaveLength(2);
    expect(readdirSync(join(out, "sub"))).toContain("b_overlay.png");
    expect((await seg([...args, "--num_val", "1"])).stdout.match(/Predictions/g)).toHaveLength(1);
  });

  it("reports a broken picture and a missing one among others, does the rest, and ends with 1", async () => {
    const broken = join(folder, "broken.jpg");
    writeFileSync(broken, "not a picture");
    const inputs = [broken, join(folder, "missing.jpg"), photo];
    const { code, stdout, stderr } = await seg([
      "--imgs",
      ...inputs,
      "--result",
      folder,
      "--json",
      "--quiet",
      ...checkpoint,
    ]);
    expect(code).toBe(1);
    const { results, failed } = JSON.parse(stdout);
    expect(results).toHaveLength(1);
    expect(failed).toEqual([expect.stringContaining("missing.jpg"), expect.stringContaining("broken.jpg")]);
    expect(stderr.trim().split("\n")).toEqual([
      expect.stringMatching(/^warning: .*missing\.jpg/),
      expect.stringMatching(/^warning: .*broken\.jpg/),
    ]);
    expect(disposed).toBe(1);
  });

  it("ends with 130 when interrupted", async () => {
    const abort = new AbortController();
    onOpen = () => abort.abort();
    const { code, stderr } = await seg(["--imgs", photo, "--result", folder, ...checkpoint], abort.signal);
    expect({ code, stderr }).toEqual({ code: 130, stderr: "error: interrupted\n" });
    expect(disposed).toBe(1);
  });
});

describe("seg test tells in one line, and ends with", () => {
  const cases: [string, number, (paths: { folder: string; photo: string }) => string, RegExp][] = [
    ["a missing file", 3, ({ folder }) => `--imgs ${folder}/no.jpg`, /no\.jpg/],
    ["a folder without images", 3, ({ folder }) => `--imgs ${folder}/empty`, /\/empty/],
    ["no photos at all", 2, () => "--result out", /--imgs/],
    ["text named .jpg", 1, ({ folder }) => `--imgs ${folder}/text.jpg`, /text\.jpg/],
    ["a truncated JPEG", 1, ({ folder }) => `--imgs ${folder}/cut.jpg`, /cut\.jpg/],
    ["a 1×1 image", 1, ({ folder }) => `--imgs ${folder}/tiny.png`, /tiny\.png.*1.1/],
    [
      "an unwritable result folder",
      1,
      ({ photo }) => `--imgs ${photo} --result ${photo}/x`,
      /photo\.jpg\/x .*file stands/,
    ],
    ["an unknown architecture", 2, ({ photo }) => `--imgs ${photo} --arch_encoder resnet5`, /did you mean resnet50\?/],
    ["an unknown key", 2, ({ photo }) => `--imgs ${photo} TEST.reslt out`, /did you mean TEST\.result\?/],
    ["an unknown flag", 2, ({ photo }) => `--imgs ${photo} --modelpth x`, /Did you mean --model-path\?/],
    ["an unknown engine", 2, ({ photo }) => `--imgs ${photo} --backend cuda`, /Allowed choices are auto/],
    ["impossible GPUs", 2, ({ photo }) => `--imgs ${photo} --gpus all`, /GPUs .*"all"/],
    ["an impossible number of photos", 2, ({ photo }) => `--imgs ${photo} --num_val 0`, /--num-val .*"0"/],
    [
      "a configuration that is not YAML",
      2,
      ({ photo }) => `--imgs ${photo} --cfg ${photo}`,
      /configuration in .*photo\.jpg but line 1 /,
    ],
    ["an fc_dim that does not fit", 2, ({ photo }) => `--imgs ${photo} --fc_dim 320`, /fc_dim 2048 .* 320/],
    [
      "missing weights",
      3,
      ({ photo, folder }) => `--imgs ${photo} DIR ${folder}/none`,
      /there is no folder .*\/none: /,
    ],
  ];

  it.each(cases)("%s: %i", async (_what, code, line, message) => {
    mkdirSync(join(folder, "empty"));
    writeFileSync(join(folder, "text.jpg"), "only text");
    const whole = await sharp({ create: { width: 200, height: 200, channels: 3, background: "red" } })
      .jpeg()
      .toBuffer();
    writeFileSync(join(folder, "cut.jpg"), whole.subarray(0, whole.length / 2));
    await sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } })
      .png()
      .toFile(join(folder, "tiny.png"));
    // The fallbacks stand before what the case says.
    const fallbacks = [
      "--set",
      `DIR=${folder}`,
      "--set",
      "TEST.checkpoint=epoch_14.pth",
      "--quiet",
      "--set",
      `TEST.result=${folder}`,
    ];
    const words = line({ folder, photo }).split(" ");
    const overrides = words.includes("DIR") ? fallbacks.slice(2) : fallbacks;
    const { stdout, stderr, ...ended } = await seg([...overrides, ...words]);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect({ ...ended, stdout }).toEqual({ code, stdout: "" });
    expect(existsSync(join(folder, "photo_overlay.png"))).toBe(false);
  });
});
