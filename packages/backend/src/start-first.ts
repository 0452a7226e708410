import { type Engine, type EngineLoader, type EngineName, parseEngineChoice } from "./engine.ts";
import { BackendError, firstLine } from "./errors.ts";

/** An engine that was tried and could not start or did not pass the proof, and why, in one line. */
export interface EngineFailure<Name extends string = EngineName> {
  name: Name;
  reason: string;
}

/** The engine that runs, and those tried before it. */
export interface EngineInfo<Name extends string = EngineName> extends Engine<Name> {
  unavailable: EngineFailure<Name>[];
}

/** A self-test of TF.js's current engine: runs the operations that will be needed, and throws if one fails or is wrong. */
export type EngineProof<Name extends string = EngineName> = (engine: Engine<Name>) => void | Promise<void>;

/** What every `startEngine` takes. */
interface FirstOptions<Name extends string> {
  threads?: number | undefined;
  proof?: EngineProof<Name> | undefined;
  log?: ((line: string) => void) | undefined;
}

/** `startEngine` over the given loaders, of which `auto` tries those in `order`. */
export async function startFirst<Name extends string>(
  choice: Name | "auto",
  { threads, proof, log }: FirstOptions<Name>,
  loaders: Record<Name, EngineLoader<Name>>,
  order: readonly Name[],
): Promise<EngineInfo<Name>> {
  const parsed = parseEngineChoice(choice, Object.keys(loaders) as Name[]);
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new BackendError(
      "invalid-option",
      { expected: "threads to be a positive integer", received: String(threads) },
      { data: { option: "threads", received: threads } },
    );
  }
  const unavailable: EngineFailure<Name>[] = [];
  for (const name of parsed === "auto" ? order : [parsed]) {
    let starts = false;
    try {
      const engine = await loaders[name]({ threads });
      starts = true;
      await proof?.(engine);
      log?.(`Engine ${name}: ${describe(engine)}`);
      return { ...engine, unavailable };
    } catch (error) {
      const reason = firstLine(error);
      const message = `Engine ${name} ${starts ? "starts but cannot do this work" : "cannot start"}: ${reason}`;
      if (parsed !== "auto") {
        throw new BackendError(starts ? "engine-unfit" : "engine-unavailable", message, {
          cause: error,
          data: { engine: name, reason },
        });
      }
      log?.(message);
      unavailable.push({ name, reason });
    }
  }
  const reasons = unavailable.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
  throw new BackendError("engine-unavailable", `No engine will do. ${reasons}`, { data: { unavailable } });
}

function describe({ package: from, version, tensorflow, oneDnn, device, threads }: Engine<string>): string {
  const by = oneDnn === undefined ? "" : oneDnn ? " with oneDNN" : " without oneDNN";
  const library = tensorflow ? `, TensorFlow ${tensorflow}${by}` : "";
  return `${from} ${version}${library}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${device}`;
}
