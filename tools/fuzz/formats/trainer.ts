import { createHash } from "node:crypto";
import { historySvg } from "../../../packages/pipeline/src/pictures/history-svg.ts";
import { lastWhole } from "../../../packages/pipeline/src/train/checkpoint-state.ts";
import { hostileNotes, soundNotes } from "../../../packages/pipeline/test/support/hostile-notes.ts";
import { pickle, text } from "../build/pickle.ts";
import { build, type Case, type Format, type Fuzzer, type Reading } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import { type Json, mutateJson } from "../src/mutate-json.ts";
import { mutateText } from "../src/mutate-text.ts";
import { safetensors } from "./safetensors.ts";

const HISTORY: Json = { train: { epoch: [0.5, 1, 2.5], loss: [3.2, 2.1, 1], acc: [0.1, 0.5, 0.75] } };
const EPOCH = 1;
const NETWORK = pickle(text("no network"));

const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");

const notesOf = (history: string) =>
  soundNotes({ encoder: sha256(NETWORK), decoder: sha256(NETWORK), history: sha256(history) });

/** The four files of a checkpoint, of which the networks' are not looked into. */
function files(notes: string, history: string, trainer = trainerOf(notes)): Case["files"] {
  return {
    [`trainer_epoch_${EPOCH}.safetensors`]: trainer,
    [`history_epoch_${EPOCH}.json`]: history,
    [`encoder_epoch_${EPOCH}.pth`]: NETWORK,
    [`decoder_epoch_${EPOCH}.pth`]: NETWORK,
  };
}

const trainerOf = (notes: string) =>
  safetensors(
    JSON.stringify({ __metadata__: { notes }, "memory.0": { dtype: "F32", shape: [2], data_offsets: [0, 8] } }),
    Buffer.alloc(8, 1),
  );

/** What a training reads back of its own when it goes on: notes and history, which anyone may have edited. */
export const TRAINER: Format = {
  name: "trainer",
  weight: 4,
  async prepare(): Promise<Fuzzer> {
    const history = JSON.stringify(HISTORY);
    const notes = JSON.stringify(notesOf(history));
    return {
      sound: [files(notes, history)],
      make: (random) =>
        build(random, [
          [40, "changed notes", () => files(JSON.stringify(mutateJson(random, notesOf(history))), history)],
          [20, "notes edited by hand", () => files(hostileNotes(random.fraction, notesOf(history)), history)],
          [10, "changed text of notes", () => files(mutateText(random, notes), history)],
          [10, "changed bytes", () => files(notes, history, mutateBytes(random, trainerOf(notes)))],
          [
            40,
            "changed history",
            () => {
              const changed = JSON.stringify(mutateJson(random, HISTORY));
              return files(JSON.stringify(notesOf(changed)), changed);
            },
          ],
        ]),
      async read(_file, folder): Promise<Reading | undefined> {
        const { checkpoint } = await lastWhole(folder);
        if (!checkpoint) return { refused: "no-checkpoint" };
        const { position, history, seeds, updates } = checkpoint;
        historySvg(history, [], { epochs: 20, title: "any" });
        const numbers = [updates, ...Object.values(seeds)];
        if (position?.epoch !== EPOCH || position.iteration !== 0)
          return { wrong: `it is at ${JSON.stringify(position)?.slice(0, 100)}` };
        return { wrong: numbers.every(Number.isSafeInteger) ? undefined : "updates or seeds that are no numbers" };
      },
    };
  },
};
