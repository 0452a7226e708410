import { CollectiveError } from "../errors.ts";
import { loadKoffi, oneLine } from "../load-koffi.ts";

/** System calls that Node does not have. */
export interface SystemCalls {
  /** Maps a file into shared memory (`mmap`); the buffer must not be touched after `unmap`. */
  map(fd: number, bytes: number): { buffer: ArrayBuffer; unmap(): void };
  /** Blocks while the number at `address[0]`, in mapped memory, is `value`; undefined where the system has no futexes. */
  futexWait: ((address: Int32Array, value: number, ms: number) => void) | undefined;
  /** Wakes all who wait at `address[0]`. */
  futexWake(address: Int32Array): void;
}

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const ALL_WAITERS = 0x7fffffff;

/** The number of the system call futex, by processor. */
const FUTEX: Partial<Record<string, number>> = { x64: 202, arm64: 98 };

let calls: SystemCalls | undefined;

/** @throws {CollectiveError} `unavailable` where koffi or a function of the system is missing. */
export function loadSystemCalls(platform: NodeJS.Platform = process.platform): SystemCalls {
  if (platform === "win32")
    throw new CollectiveError(
      "unavailable",
      {
        expected: "Linux, macOS or a BSD for a group of processes",
        but: "this is Windows",
        hint: "use a group of threads, or WSL, which is Linux",
      },
      { data: { platform } },
    );
  calls ??= bind();
  return calls;
}

function bind(): SystemCalls {
  const koffi = loadKoffi("groups of processes");
  try {
    const library = koffi.load(null);
    const mmap = library.func(
      "void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)",
    );
    const munmap = library.func("int munmap(void *address, size_t length)");
    const futexNumber = process.platform === "linux" ? FUTEX[process.arch] : undefined;
    const futex =
      futexNumber === undefined
        ? undefined
        : library.func(
            "long syscall(long number, void *address, int operation, int value, void *timeout, void *address2, int value3)",
          );
    return {
      map(fd, bytes) {
        const address = mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0) as bigint;
        if (BigInt.asIntN(64, BigInt(address)) === -1n)
          throw new CollectiveError("unavailable", {
            expected: `to map ${bytes} bytes`,
            but: `the system refused (error ${koffi.errno()})`,
          });
        return { buffer: koffi.view(address, bytes), unmap: () => void munmap(address, bytes) };
      },
      futexWait:
        futex &&
        ((address, value, ms) => {
          const seconds = Math.floor(ms / 1000);
          const timeout = BigInt64Array.of(BigInt(seconds), BigInt(Math.round((ms - 1000 * seconds) * 1e6)));
          futex(futexNumber, address, FUTEX_WAIT, value, timeout, null, 0);
        }),
      futexWake: (address) => void futex?.(futexNumber, address, FUTEX_WAKE, ALL_WAITERS, null, null, 0),
    };
  } catch (cause) {
    if (cause instanceof CollectiveError) throw cause;
    throw new CollectiveError("unavailable", `Expected mmap for groups of processes: ${oneLine(cause)}.`, {
      cause,
      data: { platform: process.platform },
    });
  }
}
