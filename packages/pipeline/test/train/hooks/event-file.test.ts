import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { EventFile, eventOf, recordOf } from "../../../src/train/hooks/event-file.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const wallTime = 1_700_000_000.25;

// What TensorBoard's own RecordWriter made of its own messages.
const EXPECTED = {
  version: "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9",
  start: "100000000000000095fbfe180900001040fc54d94110ac023a0208016b3b88f1",
  scalars:
    "3700000000000000e7e8ca590900001040fc54d9411087ad4b2a280a110a0a747261696e2f6c6f7373150000203f0a130a0c726174652f656e636f646572150ad7a33cc5ad3a70",
  image: `33010000000000000a57908c0900001040fc54d94110072aa5020aa2020a1276616c69646174696f6e2f70696374757265228b0208e80210a00b1803228002${hex(
    Uint8Array.from({ length: 256 }, (_, i) => i),
  )}f14b723f`,
};

describe("TensorBoard's events", () => {
  it.each([
    ["the file's version", EXPECTED.version, { fileVersion: "brain.Event:2" }],
    ["the begin of a session", EXPECTED.start, { step: 300, started: true }],
    ["numbers", EXPECTED.scalars, { step: 1_234_567, scalars: { "train/loss": 0.625, "rate/encoder": 0.02 } }],
    [
      "a picture",
      EXPECTED.image,
      {
        step: 7,
        images: {
          "validation/picture": { png: Uint8Array.from({ length: 256 }, (_, i) => i), width: 1440, height: 360 },
        },
      },
    ],
  ])("are the bytes that TensorBoard writes, for %s", (_what, expected, event) => {
    expect(hex(recordOf(eventOf({ wallTime, ...event })))).toBe(expected);
  });

  it("stand in a new file each time, one record behind the other", () => {
    const folder = temporaryFolder();
    for (const first of [0, 300]) {
      const file = new EventFile(folder, first);
      file.scalars(first, { "train/loss": 1 });
      file.close();
    }
    const files = readdirSync(folder);
    expect(files).toHaveLength(2);
    for (const file of files) {
      expect(file).toMatch(/^events\.out\.tfevents\.\d{10}\./);
      const bytes = readFileSync(join(folder, file));
      let records = 0;
      for (let at = 0; at < bytes.length; records++) at += Number(bytes.readBigUInt64LE(at)) + 16;
      expect(records).toBe(3);
    }
  });
});
