import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { printable } from "@seg/errors";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import {
  hostileYaml,
  mutatedText,
  oddValue,
  seeded,
  YAML_KINDS,
} from "../../../ade20k-data/test/support/hostile-text.ts";
import { configToYaml, loadConfig, PipelineError } from "../../src/config/index.ts";

/** What a configuration of these bytes is refused with; nothing if it is taken. */
function refusal(file: string, bytes: string | Uint8Array): PipelineError | undefined {
  writeFileSync(file, bytes);
  try {
    loadConfig({ cfg: file });
    return undefined;
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    expect(error.code).toBe("config");
    expect(error.message).toBe(printable(error.message));
    expect(error.message.length).toBeLessThan(2000);
    return error;
  }
}

describe("A configuration", () => {
  it.each(Object.keys(YAML_KINDS))("of a megabyte of %s is refused in a line", { timeout: 60_000 }, (kind) => {
    const file = join(temporaryFolder(), "my.yaml");
    const error = refusal(file, YAML_KINDS[kind]!(990_000));
    // What says nothing at all sets no key.
    if (["blanks", "marks", "empty lines"].includes(kind) && error === undefined) return;
    if (kind === "one comment") return expect(error).toBeUndefined();
    expect(error?.message).toContain(file);
  });

  it("of more than a megabyte is refused unread, and says so", () => {
    const file = join(temporaryFolder(), "my.yaml");
    expect(refusal(file, `DIR: x\n${"# comment\n".repeat(100_000)}`)?.data).toEqual({
      file,
      reason: "it has more than 1 MB",
    });
  });

  it("is refused or taken, whatever was done to it", { timeout: 120_000 }, () => {
    const file = join(temporaryFolder(), "my.yaml");
    const sound = configToYaml(loadConfig().config);
    const random = seeded(1);
    let taken = 0;
    for (let i = 0; i < 200; i++) {
      const error = refusal(file, i % 4 ? mutatedText(random, sound) : hostileYaml(random));
      if (error === undefined) taken++;
    }
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(150);
  });

  it("takes any value of a key or refuses it by name", () => {
    const random = seeded(2);
    const keys = [
      "DATASET.num_class",
      "DATASET.imgSizes",
      "MODEL.arch_encoder",
      "TRAIN.loss",
      "TRAIN.class_weights",
      "DIR",
    ];
    for (let i = 0; i < 300; i++) {
      const key = keys[i % keys.length]!;
      const flags = [{ key, value: oddValue(random), origin: "--x" }];
      try {
        loadConfig({ flags });
      } catch (error) {
        expect(error).toMatchObject({ name: "PipelineError", code: "config" });
      }
    }
  });

  it.each([
    "1".repeat(100_000),
    `${"1".repeat(100_000)}x`,
    `1.${"1".repeat(100_000)}x`,
    "(".repeat(100_000),
    `1${" ".repeat(100_000)}x`,
    `[${"[1],".repeat(30_000)}`,
  ])("refuses a long value on the command line at once (%#)", (value) => {
    for (const key of ["DATASET.num_class", "DATASET.imgSizes", "TRAIN.loss"]) {
      expect(() => loadConfig({ set: [`${key}=${value}`] })).toThrow(
        expect.objectContaining({ code: "config", data: expect.objectContaining({ key }) }),
      );
    }
  });

  it("prints what a terminal would obey as escapes that are read back", () => {
    const file = join(temporaryFolder(), "my.yaml");
    const DIR = "a\u001b[31m\u202e\nb";
    const text = configToYaml({ ...loadConfig().config, DIR });
    writeFileSync(file, text.split("\n").map(printable).join("\n"));
    expect(loadConfig({ cfg: file }).config.DIR).toBe(DIR);
  });

  it.skipIf(process.platform === "win32")(
    "is no device, and no pipe that gives nothing (skipped on Windows)",
    { timeout: 60_000 },
    () => {
      const pipe = join(temporaryFolder(), "pipe");
      execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", pipe]);
      // Open to be written by this process, which writes nothing.
      const writer = openSync(pipe, constants.O_RDWR);
      for (const [cfg, reason] of [
        ["/dev/zero", "it is a device or socket"],
        [pipe, "the pipe gave nothing for 5 seconds"],
      ] as const) {
        expect(() => loadConfig({ cfg })).toThrow(expect.objectContaining({ data: { file: cfg, reason } }));
      }
      closeSync(writer);
    },
  );
});
