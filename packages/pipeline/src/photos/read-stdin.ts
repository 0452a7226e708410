import { buffer } from "node:stream/consumers";
import { PipelineError } from "../errors.ts";

/**
 * All bytes on stdin.
 *
 * @throws {PipelineError} `option` if a person is typing there, or nothing comes.
 */
export async function readStdin(): Promise<Uint8Array> {
  const bytes = process.stdin.isTTY ? undefined : await buffer(process.stdin);
  if (bytes && bytes.length > 0) return bytes;
  throw new PipelineError(
    "option",
    {
      expected: "a photo's bytes on stdin for -",
      received: bytes ? "none" : "a terminal",
      hint: "seg test - < photo.jpg",
    },
    { data: { option: "inputs", received: "-" } },
  );
}
