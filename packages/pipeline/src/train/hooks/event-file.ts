import { closeSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import CRC32C from "crc-32/crc32c.js";

/** A PNG file's bytes and its size in pixels. */
export interface EncodedImage {
  png: Uint8Array;
  width: number;
  height: number;
}

let opened = 0;

/**
 * Writes what TensorBoard shows: records of `Event` messages, each framed by its length and masked checksums. What is written can be
 * looked at while the training goes on; a file that breaks off is read up to there.
 *
 * @see TensorFlow's tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto and tensorflow/core/lib/io/record_writer.h.
 */
export class EventFile {
  readonly #file: number;

  /**
   * Begins a new file.
   *
   * @param firstStep - TensorBoard forgets what earlier files of the folder hold from this step on: a resumed training does it again.
   * @throws a system error.
   */
  constructor(folder: string, firstStep: number) {
    const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, "0");
    const name = `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${opened++}`;
    this.#file = openSync(join(folder, name), "ax");
    this.#append(eventOf({ fileVersion: "brain.Event:2" }));
    this.#append(eventOf({ step: firstStep, started: true }));
  }

  /** @throws a system error. */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    this.#append(eventOf({ step, scalars: values }));
  }

  /** @throws a system error. */
  image(step: number, tag: string, image: EncodedImage): void {
    this.#append(eventOf({ step, images: { [tag]: image } }));
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(event: Uint8Array): void {
    writeSync(this.#file, recordOf(event));
  }
}

/** What one event says. */
export interface TrainingEvent {
  /** Seconds since 1970; now unless given. */
  wallTime?: number;
  step?: number;
  fileVersion?: string;
  /** Whether a session begins: earlier files' events of this step and later ones no longer count. */
  started?: boolean;
  scalars?: Readonly<Record<string, number>>;
  images?: Readonly<Record<string, EncodedImage>>;
}

const START = 1;
const RGB = 3;

/** An `Event` message. */
export function eventOf({
  wallTime = Date.now() / 1000,
  step = 0,
  fileVersion,
  started,
  ...summary
}: TrainingEvent): Uint8Array {
  const event = new BinaryWriter().tag(1, WireType.Bit64).double(wallTime);
  if (step !== 0) event.tag(2, WireType.Varint).int64(step);
  if (fileVersion !== undefined) event.tag(3, WireType.LengthDelimited).string(fileVersion);
  const { scalars = {}, images = {} } = summary;
  const values = [
    ...Object.entries(scalars).map(([tag, value]) =>
      new BinaryWriter().tag(1, WireType.LengthDelimited).string(tag).tag(2, WireType.Bit32).float(value).finish(),
    ),
    ...Object.entries(images).map(([tag, image]) =>
      new BinaryWriter()
        .tag(1, WireType.LengthDelimited)
        .string(tag)
        .tag(4, WireType.LengthDelimited)
        .bytes(imageOf(image))
        .finish(),
    ),
  ];
  if (values.length > 0) {
    const all = new BinaryWriter();
    for (const value of values) all.tag(1, WireType.LengthDelimited).bytes(value);
    event.tag(5, WireType.LengthDelimited).bytes(all.finish());
  }
  if (started) {
    event.tag(7, WireType.LengthDelimited).bytes(new BinaryWriter().tag(1, WireType.Varint).int32(START).finish());
  }
  return event.finish();
}

function imageOf({ png, width, height }: EncodedImage): Uint8Array {
  return new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(height)
    .tag(2, WireType.Varint)
    .int32(width)
    .tag(3, WireType.Varint)
    .int32(RGB)
    .tag(4, WireType.LengthDelimited)
    .bytes(png)
    .finish();
}

/** A message in its frame: length (8 bytes), its checksum, the message, its checksum. */
export function recordOf(message: Uint8Array): Uint8Array {
  const record = Buffer.alloc(message.length + 16);
  record.writeBigUInt64LE(BigInt(message.length), 0);
  record.writeUInt32LE(maskedChecksum(record.subarray(0, 8)), 8);
  record.set(message, 12);
  record.writeUInt32LE(maskedChecksum(message), 12 + message.length);
  return record;
}

// TFRecord's masked CRC-32C: rotated and offset, so that a checksum over data that hold checksums stays a good one.
function maskedChecksum(bytes: Uint8Array): number {
  const checksum = CRC32C.buf(bytes) >>> 0;
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
