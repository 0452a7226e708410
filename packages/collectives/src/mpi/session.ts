import { CollectiveError } from "../errors.ts";
import { nap } from "../nap.ts";
import { mpiLaunch } from "./launch.ts";
import { loadMpi, type Mpi } from "./library.ts";

/** Any one thread at a time may call. */
const THREAD_SERIALIZED = 2;

/** MPI as this process uses it: it starts once, and ends with the process. */
export interface Session {
  readonly mpi: Mpi;
  readonly rank: number;
  readonly size: number;
  /** Groups so far; all ranks make them in the same order. */
  groups: number;
  /** A rank is gone: to end MPI would be to wait for it. */
  broken: boolean;
  /** Whether the system knows that a rank has ended. */
  someoneDied(): boolean;
}

/** How long a rank may take to end MPI after another one has ended. */
const GRACE_MS = 3000;

/** How often to see whether one has, in milliseconds. */
const LOOK_EVERY = 50;

let session: Session | undefined;
let failure: unknown;

/** Where MPI writes what it answers; kept, as it may do so late. */
const numbers = new Int32Array(16);

/**
 * Starts MPI, unless it runs.
 *
 * @throws {CollectiveError} `unavailable`; `timeout` if a rank does not come.
 */
export function openSession(path: string | undefined, timeoutMs: number): Session {
  // MPI starts once or not at all.
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
  const opened: Session = { mpi, rank, size, groups: 0, broken: false, someoneDied: () => false };
  leaveBy((code) => {
    // After a failure the others may never come to the end; the launcher sees the exit code and ends them.
    if (code !== 0 || opened.broken) return undefined;
    return () => {
      finalize(opened);
      // The process crashes if it unloads libraries after that, as it does unless it exits by itself.
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
      // The thread that waits there would hold the process for ever. Node prints what nobody caught only after its exit listeners.
      process.on("uncaughtExceptionMonitor", (error) => process.on("exit", () => console.error(error)));
      leaveBy((code) => () => mpi.exitNow(code));
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
    nap(1);
  }
}

/** Waits for all ranks to end MPI, which may take long, but not for one that ended otherwise. */
function finalize({ mpi, someoneDied }: Session): void {
  mpi.startFinalize();
  let graceMs = GRACE_MS;
  for (let naps = 1; ; naps++) {
    mpi.Finalized(mpi.addressOf(numbers));
    if (numbers[0] !== 0) return;
    nap(1);
    // The others may be through, and gone, a little earlier.
    if (naps % LOOK_EVERY === 0 && someoneDied()) graceMs -= LOOK_EVERY;
    if (graceMs <= 0) mpi.exitNow(1);
  }
}

/** Lets the process leave by what `choose` gives, which does not return, after all else that waits for its exit; or as ever if it gives nothing. */
function leaveBy(choose: (code: number) => (() => void) | undefined): void {
  const leave = (code: number) => {
    const way = choose(code);
    if (!way) return;
    const listeners = process.listeners("exit");
    for (const listener of listeners.slice(listeners.indexOf(leave) + 1)) listener.call(process, code);
    way();
  };
  process.on("exit", leave);
}
