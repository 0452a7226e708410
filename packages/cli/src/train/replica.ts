import { type TrainOptions as DataOptions, TRAIN_SOURCE, type TrainBatch } from "@seg/ade20k-data";
import type { EngineInfo } from "@seg/backend";
import type { Group } from "@seg/collectives";
import { type Replica, type ReplicaContext, SeededLoader } from "@seg/data-parallel";
import { networkProof } from "../engine-proof.ts";
import { loadHalves, restoreTrainer, saveCheckpoint } from "./checkpoint.ts";
import { allPositions, nameOf, type Position, removeCheckpoint } from "./checkpoint-files.ts";
import { type End, type Run, runEpochs } from "./epochs.ts";
import { loadFirstWeights } from "./first-weights.ts";
import { emptyHistory, type History } from "./history.ts";
import { Observer } from "./observer.ts";
import type { TrainingPlan } from "./plan.ts";
import type { TrainProgress } from "./progress.ts";
import { ensureSpace } from "./space.ts";
import { Trainer } from "./trainer.ts";
import { Validation } from "./validation.ts";
import type { ValidationScores } from "./validation-files.ts";

/** What the first replica says on the way. */
export type Report = { type: "log" | "warn"; line: string } | { type: "progress"; progress: TrainProgress };

/** How a replica's training ended. */
export interface Outcome {
  end: End;
  /** What the first replica saw of it. */
  seen?: { history: History; validation: readonly ValidationScores[] };
}

interface Surroundings {
  group: Group;
  engine: EngineInfo;
  signal: AbortSignal;
  report: (report: Report) => void;
}

/** What an engine must be able to do to hold a replica. */
export const proof = networkProof({ training: true });

/** Makes a replica of a training, of which one run is the whole. */
export default function createReplica({
  group,
  engine,
  options: plan,
}: ReplicaContext<TrainingPlan>): Replica<object, Outcome> {
  return { run: (_, { signal, report }) => train(plan, { group, engine, signal, report }) };
}

/** Trains with the others. Rank 0 alone reads and writes checkpoints, speaks, and looks at the network after epochs. */
async function train(plan: TrainingPlan, surroundings: Surroundings): Promise<Outcome> {
  const { group, signal, report } = surroundings;
  const { config, start } = plan;
  const leads = group.rank === 0;
  const warn = (line: string) => report({ type: "warn", line });
  const position = start?.position ?? { epoch: 0, iteration: 0 };
  const validation = leads ? await Validation.create(config, { warn, signal }) : undefined;
  const trainer = await Trainer.create(
    config,
    async (encoder, decoder) => {
      const models = { encoder, decoder };
      if (leads) await (start ? loadHalves(config.DIR, position, models) : loadFirstWeights(models, plan.weights));
    },
    group,
  );
  let logbook: Logbook | undefined;
  try {
    if (leads) logbook = await Logbook.begin(trainer, position, plan, { ...surroundings, validation });
    const run = { config, trainer, group, position, signal, ...(logbook?.hooks ?? SILENCE) };
    const end = await runAll(run, plan);
    return { end, ...(logbook && { seen: logbook.seen }) };
  } finally {
    await logbook?.end();
    trainer.dispose();
  }
}

const SILENCE: Pick<Run, "onIteration" | "save" | "afterEpoch"> = {
  onIteration() {},
  save: async () => {},
  afterEpoch: async () => {},
};

async function runAll(run: Omit<Run, "loader">, { config, records }: TrainingPlan): Promise<End> {
  const { trainer, group, position } = run;
  const { seed, workers, num_epoch, epoch_iters, accumulate } = config.TRAIN;
  if (position.epoch >= num_epoch) {
    // A training that is done may yet be scored.
    await run.afterEpoch(position.epoch);
    return "finished";
  }
  trainer.align();
  const loader = new SeededLoader<TrainBatch, DataOptions>({
    module: TRAIN_SOURCE,
    options: dataOptions(config, records),
    seed: group.rank === 0 ? seed : [seed, group.rank],
    workers,
    epochLength: epoch_iters * accumulate,
    start: { epoch: position.epoch, iteration: position.iteration * accumulate },
  });
  try {
    return await runEpochs({ ...run, loader });
  } finally {
    await loader.dispose();
  }
}

/** What the first replica does beside training: keeps what was trained, and an eye on it. */
class Logbook {
  readonly hooks: Pick<Run, "onIteration" | "save" | "afterEpoch">;
  readonly #observer: Observer;
  readonly #history: History;

  /** Brings a trainer that has its weights to the position, and takes up the history of how it came there. */
  static async begin(
    trainer: Trainer,
    position: Position,
    { config, settings, start }: TrainingPlan,
    { engine: info, validation, signal, report }: Surroundings & { validation: Validation | undefined },
  ): Promise<Logbook> {
    const { DIR: folder, TRAIN } = config;
    const log = (line: string) => report({ type: "log", line });
    const warn = (line: string) => report({ type: "warn", line });
    const onProgress = (progress: TrainProgress) => report({ type: "progress", progress });
    const engine = nameOfEngine(info);
    const { checkpoint } = start ?? {};
    if (checkpoint) await restoreTrainer(folder, trainer, checkpoint);
    if (checkpoint && checkpoint.engine !== engine) {
      warn(`${nameOf(position)} was computed by ${checkpoint.engine}, not ${engine}: the last bits will differ.`);
    }
    const history = checkpoint?.history ?? emptyHistory();
    if (start) log(`Going on from ${nameOf(position)} in ${folder}.`);
    if (position.epoch < TRAIN.num_epoch) await ensureSpace(folder, trainer.bytes);
    else log(`All ${TRAIN.num_epoch} epochs are done.`);
    const firstStep = position.epoch * TRAIN.epoch_iters + position.iteration;
    const observing = { config, history, engine: info.name, firstStep, validation, onProgress, warn, signal };
    const observer = await Observer.create(observing);
    const save = async (now: Position) => {
      const files = await saveCheckpoint(folder, trainer, history, { position: now, settings, engine });
      onProgress({ type: "checkpoint", ...now, folder, files });
      await tidyUp(folder, now, TRAIN.keep);
    };
    return new Logbook(observer, history, {
      onIteration: (progress, own) => observer.iteration(progress, own),
      save: (now) =>
        save(now).catch((error) => {
          // An interrupt is all that would be told otherwise.
          if (signal.aborted) warn(`Nothing was saved: ${(error as Error).message}`);
          throw error;
        }),
      afterEpoch: (epoch) => observer.afterEpoch(trainer, epoch),
    });
  }

  private constructor(observer: Observer, history: History, hooks: Logbook["hooks"]) {
    this.#observer = observer;
    this.hooks = hooks;
    this.#history = history;
  }

  /** What was seen so far; plain data. */
  get seen(): NonNullable<Outcome["seen"]> {
    return { history: this.#history, validation: this.#observer.evaluations };
  }

  /** Draws the course, and closes what is open. */
  async end(): Promise<void> {
    await this.#observer.draw();
    this.#observer.close();
  }
}

/** An engine, with what its last bits depend on. */
const nameOfEngine = ({ name, version, tensorflow, oneDnn, threads }: EngineInfo) =>
  `${name} ${tensorflow ?? version}${oneDnn === undefined ? "" : ` with${oneDnn ? "" : "out"} oneDNN`} on ${threads} ${threads === 1 ? "thread" : "threads"}`;

function dataOptions({ DATASET, MODEL, TRAIN }: TrainingPlan["config"], records: DataOptions["records"]): DataOptions {
  return {
    records,
    batchSize: TRAIN.batch_size_per_gpu,
    sizes: DATASET.imgSizes,
    maxSize: DATASET.imgMaxSize,
    paddingConstant: DATASET.padding_constant,
    segmDownsamplingRate: DATASET.segm_downsampling_rate,
    randomFlip: DATASET.random_flip,
    padLabel: DATASET.padLabel,
    inputFormat: MODEL.inputFormat,
    numClasses: DATASET.num_class,
  };
}

/** Removes the checkpoints that a later one makes needless. */
async function tidyUp(folder: string, now: Position, keep: number): Promise<void> {
  const isBefore = (position: Position) =>
    position.epoch < now.epoch || (position.epoch === now.epoch && position.iteration < now.iteration);
  for (const position of await allPositions(folder)) {
    const old = position.iteration > 0 || (keep > 0 && position.epoch <= now.epoch - keep);
    if (old && isBefore(position)) await removeCheckpoint(folder, position);
  }
}
