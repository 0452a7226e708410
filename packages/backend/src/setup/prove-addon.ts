import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execArgvFor, ownModule, writeFileAtomic } from "@seg/node";
import { BackendError } from "../errors.ts";
import { REQUIRED_OPS } from "../proof/required-ops.ts";
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

/** The proof stored in `dir`; undefined if there is none, or one of an older version that checked less. */
export async function readProof(dir: string): Promise<Proof | undefined> {
  try {
    const proof: Partial<Proof> = JSON.parse(await readFile(join(dir, "proof.json"), "utf8"));
    return REQUIRED_OPS.every((need) => proof.proven?.includes(need)) ? (proof as Proof) : undefined;
  } catch {
    return undefined;
  }
}

/** Stores a proof in `dir`, atomically. */
export async function writeProof(dir: string, proof: Proof): Promise<void> {
  await writeFileAtomic(join(dir, "proof.json"), JSON.stringify(proof));
}
