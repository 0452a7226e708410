import { readFileSync } from "node:fs";
import { printable, shorten } from "@seg/errors";
import { CollectiveError } from "../errors.ts";
import { sleepSync } from "../sleep-sync.ts";
import { loadMpi, type Mpi } from "./bindings.ts";
import { mpiLaunch } from "./environment.ts";
import type { Watch } from "./watch/watch.ts";

/** MPI_THREAD_SERIALIZED: any thread may call, one at a time. */
const THREAD_SERIALIZED = 2;

/** MPI in this process: it is initialized once, and finalized when the process exits. */
export interface Session {
  readonly mpi: Mpi;
  readonly rank: number;
  readonly size: number;
  /** How many groups were created; all ranks create them in the same order. */
  groups: number;
  /** A group is broken: MPI_Finalize would wait for the rank that is gone. */
  broken: boolean;
  /** Each rank's host, where there are several. */
  hosts: readonly string[] | undefined;
  /** Knows of ranks on other hosts, where there are several. */
  watch: Watch | undefined;
  /** Whether a rank is known to have ended. */
  hasAnyDied(): boolean;
}

/** How long MPI_Finalize may take after another rank has ended. */
const GRACE_MS = 3000;

/** How long, in seconds, the exit may take after MPI has been finalized. */
const EXIT_S = 10;

/** How long mpirun may take to notice that a host is lost; by default it takes 8 minutes. */
const LAUNCHER_MS = 600_000;

/** How long that may take where rank 0's host, and so probably mpirun, is what cannot be reached. */
const CUT_OFF_MS = 60_000;

/** How often to check whether one has, in milliseconds. */
const LIVENESS_MS = 50;

let session: Session | undefined;
let failure: unknown;

/** Out parameters of MPI's calls; a global, as MPI_Init_thread may write late. */
const numbers = new Int32Array(16);

/**
 * Initializes MPI, unless it is.
 *
 * @throws {CollectiveError} `unavailable`; `timeout` if a rank does not come.
 */
export function openSession(path: string | undefined, timeoutMs: number): Session {
  // MPI can be initialized only once, and a failure is final.
  if (failure) throw failure;
  const mpi = session?.mpi ?? loadMpi(path);
  try {
    session ??= start(mpi, timeoutMs);
    return session;
  } catch (error) {
    failure = error;
    throw error;
  }
}

function start(mpi: Mpi, timeoutMs: number): Session {
  initialize(mpi, timeoutMs);
  mpi.Comm_set_errhandler(mpi.world, mpi.errorsReturn);
  const [first, second] = [mpi.addressOf(numbers), mpi.addressOf(numbers) + 4];
  mpi.Comm_rank(mpi.world, first);
  mpi.Comm_size(mpi.world, second);
  const [rank, size] = numbers as unknown as [number, number];
  const opened: Session = {
    mpi,
    rank,
    size,
    groups: 0,
    broken: false,
    hosts: undefined,
    watch: undefined,
    hasAnyDied: () => false,
  };
  printBeforeExit(() => hasUnreachable(opened));
  exitBy((code) => {
    if (hasUnreachable(opened)) return () => waitForLauncher(opened, code);
    // After a failure the others may never call MPI_Finalize; the launcher sees the exit code and ends them.
    if (code !== 0 || opened.broken) return undefined;
    return () => {
      finalize(opened);
      // MPI says that it is finalized a little before MPI_Finalize returns; the exit waits for its thread, which may hang where ranks have gone.
      mpi.alarm(EXIT_S);
      // Unloading libraries after MPI_Finalize crashes the process; process.exit avoids that.
      process.exit(code);
    };
  });
  const launched = mpiLaunch();
  if (launched && launched.size !== size)
    throw new CollectiveError(
      "unavailable",
      {
        expected: `${launched.size} ranks, as the launcher says,`,
        but: `MPI knows of ${size}`,
        hint: "start with the mpirun of the same Open MPI, or srun --mpi=pmix",
      },
      { data: { expected: launched.size, received: size } },
    );
  return opened;
}

function initialize(mpi: Mpi, timeoutMs: number): void {
  const isReady = () => {
    mpi.Initialized(mpi.addressOf(numbers));
    return numbers[0] !== 0;
  };
  if (isReady()) return;
  const deadline = performance.now() + timeoutMs;
  mpi.startInit(THREAD_SERIALIZED, mpi.addressOf(numbers) + 4);
  while (!isReady()) {
    if (performance.now() > deadline) {
      // The thread in MPI_Init_thread would keep the process alive for ever.
      printBeforeExit(() => true);
      exitBy((code) => () => mpi.exitNow(code));
      throw new CollectiveError(
        "timeout",
        {
          expected: `all ranks to start MPI within ${timeoutMs / 1000} s`,
          but: "one at least did not",
          hint: "see whether it stopped, or give a longer timeoutMs",
        },
        { data: { during: "join", timeoutMs } },
      );
    }
    sleepSync(1);
  }
}

const hasUnreachable = ({ watch, size }: Session) =>
  Array.from({ length: size }, (_, rank) => watch?.lossOf(rank)).includes("unreachable");

/**
 * Leaves it to mpirun to notice a lost host and to end this process. Were it told of a rank's end first, it would send an order to that host, and while that
 * is not acknowledged the system does not check the connection: mpirun would wait for a quarter of an hour.
 */
function waitForLauncher({ mpi, watch }: Session, code: number): void {
  const isCutOff = watch?.lossOf(0) === "unreachable";
  if (process.env.OMPI_COMM_WORLD_RANK !== undefined) sleepSync(isCutOff ? CUT_OFF_MS : LAUNCHER_MS);
  if (isCutOff) endDaemon();
  mpi.exitNow(code || 1);
}

/** Ends mpirun's daemon on this host, which is this job's alone: with this process's last words to pass on, it would not notice that it is cut off either. */
function endDaemon(): void {
  try {
    if (readFileSync(`/proc/${process.ppid}/comm`, "utf8") === "orted\n") process.kill(process.ppid, "SIGTERM");
  } catch {
    // Not Linux, or it has ended.
  }
}

/** MPI_Finalize, which waits for all ranks, however long, but not for one that has died. */
function finalize({ mpi, hasAnyDied }: Session): void {
  mpi.startFinalize();
  let graceMs = GRACE_MS;
  for (let polls = 1; ; polls++) {
    if (mpi.isFinalized()) return;
    sleepSync(1);
    // The others may have finalized, and exited, a little earlier.
    if (polls % LIVENESS_MS === 0 && hasAnyDied()) graceMs -= LIVENESS_MS;
    if (graceMs <= 0) mpi.exitNow(1);
  }
}

/** An error as one line, as `seg` tells it; its stack only where that is asked for. */
function lineOf(error: unknown): string {
  if (process.env.SEG_DEBUG === "1" && error instanceof Error && error.stack) return error.stack;
  return `error: ${shorten(printable(String((error as Error | undefined)?.message ?? error)), 8000)}`;
}

/** Prints an uncaught error, which Node does only after its exit listeners. */
function printBeforeExit(wanted: () => boolean): void {
  process.on("uncaughtExceptionMonitor", (error) => {
    if (wanted()) process.on("exit", () => console.error(lineOf(error)));
  });
}

/** Ends the process by the function, which never returns, that `choose` gives for its exit code, after all other exit listeners; as usual if it gives none. */
function exitBy(choose: (code: number) => (() => void) | undefined): void {
  const onExit = (code: number) => {
    const exit = choose(code);
    if (!exit) return;
    const listeners = process.listeners("exit");
    for (const listener of listeners.slice(listeners.indexOf(onExit) + 1)) listener.call(process, code);
    exit();
  };
  process.on("exit", onExit);
}
