import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execArgvFor, ownModule, writeFileAtomic } from "@seg/node";
import { BackendError } from "../errors.ts";
import { REQUIRED_OPS } from "../proof/required-ops.ts";
import { type FileRecord, recordOf, whatHasChanged, whatIsCut } from "./file-record.ts";
import { run } from "./run-program.ts";

/** The result of an addon's proof. */
export interface Proof {
  /** The C library's version. */
  tensorflow: string;
  /** Whether it computes on a GPU. */
  gpu: boolean;
  /** The operations that it computed right, with their gradients: all that networks need. */
  proven: readonly string[];
}

/**
 * Runs the operations that networks need on an addon, in a process of its own, and compares them with reference loops. It calls the bare addon,
 * so that it tests what was built and nothing else.
 *
 * @throws {BackendError} `proof-failed`, naming the operation.
 */
export async function proveAddon(addon: string, signal?: AbortSignal): Promise<Proof> {
  const program = ownModule("../prove-addon-main", import.meta.url);
  const finished = await run(process.execPath, [...execArgvFor(program), fileURLToPath(program), addon], { signal });
  const answer = /^PROOF(.*)$/m.exec(finished.stdout)?.[1];
  if (!answer) {
    const said = finished.output
      .trim()
      .split("\n")
      .find((line) => /Error: /.test(line));
    const reason = said ?? finished.signal ?? `exit code ${finished.code}`;
    const hint = finished.signal === "SIGILL" ? " (TensorFlow's wheels need a processor with AVX)" : "";
    throw new BackendError("proof-failed", `The built addon does not run: ${reason}${hint}`, {
      data: { file: addon, reason },
    });
  }
  const { unmet, ...facts } = JSON.parse(answer) as Omit<Proof, "proven"> & { unmet?: string };
  if (unmet === undefined) return { ...facts, proven: REQUIRED_OPS };
  throw new BackendError(
    "proof-failed",
    {
      expected: "the built addon to run what networks need",
      but: `it fails at ${unmet}`,
      hint: "use the engine wasm, and tell the project",
    },
    { data: { file: addon, operation: unmet } },
  );
}

/** A proof as it is stored, with the files that it is about. */
interface StoredProof extends Proof {
  files: FileRecord;
}

const proofFile = (dir: string) => join(dir, "proof.json");

/** The folders of what an addon loads, its own and its libraries'. */
const LOADED = ["lib", "deps/lib"];

/** The proof stored in `dir`; undefined if there is none, or one of an older version that checked less. */
export async function readProof(dir: string): Promise<Proof | undefined> {
  const stored = await readStored(dir);
  if (!stored) return undefined;
  const { files, ...proof } = stored;
  return REQUIRED_OPS.every((need) => proof.proven?.includes(need)) ? proof : undefined;
}

/** What is no longer as it was when the proof in `dir` was stored, by size and checksum; undefined if nothing is, or there is no proof. */
export async function changedSinceProof(dir: string): Promise<string | undefined> {
  const stored = await readStored(dir);
  return stored && whatHasChanged(dir, stored.files);
}

/** As {@link changedSinceProof}, at once and by sizes alone: for every start of the engine. */
export function cutSinceProof(dir: string): string | undefined {
  try {
    const { files } = JSON.parse(readFileSync(proofFile(dir), "utf8")) as Partial<StoredProof>;
    return files && whatIsCut(dir, files);
  } catch {
    return undefined;
  }
}

/** Stores a proof in `dir`, atomically, with the sizes and checksums of what it is about. */
export async function writeProof(dir: string, proof: Proof): Promise<void> {
  const stored: StoredProof = { ...proof, files: await recordOf(dir, LOADED) };
  await writeFileAtomic(proofFile(dir), JSON.stringify(stored));
}

async function readStored(dir: string): Promise<StoredProof | undefined> {
  try {
    const stored: Partial<StoredProof> = JSON.parse(await readFile(proofFile(dir), "utf8"));
    return stored.files ? (stored as StoredProof) : undefined;
  } catch {
    return undefined;
  }
}
