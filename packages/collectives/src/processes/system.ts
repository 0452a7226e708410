import { CollectiveError } from "../errors.ts";
import { loadKoffi, oneLine } from "../load-koffi.ts";

/** The calls of the operating system that Node does not have. */
export interface System {
  /** A file as memory that all processes that map it share; `unmap` ends that, and nobody may touch the buffer after it. */
  map(fd: number, bytes: number): { buffer: ArrayBuffer; unmap(): void };
  /** Sleeps while the number at `place[0]`, in mapped memory, is `value`; undefined where the system has no such call. */
  sleep: ((place: Int32Array, value: number, ms: number) => void) | undefined;
  /** Wakes all who sleep at `place[0]`. */
  wake(place: Int32Array): void;
}

const READ_AND_WRITE = 3;
const SHARED = 1;
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const EVERYONE = 0x7fffffff;

/** The number of the system call futex, by processor. */
const FUTEX: Partial<Record<string, number>> = { x64: 202, arm64: 98 };

let system: System | undefined;

/** @throws {CollectiveError} `unavailable` where koffi or a function of the system is missing. */
export function loadSystem(platform: NodeJS.Platform = process.platform): System {
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
  system ??= bind();
  return system;
}

function bind(): System {
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
            "long syscall(long number, void *place, int operation, int value, void *time, void *other, int more)",
          );
    return {
      map(fd, bytes) {
        const address = mmap(null, bytes, READ_AND_WRITE, SHARED, fd, 0) as bigint;
        if (BigInt.asIntN(64, BigInt(address)) === -1n)
          throw new CollectiveError("unavailable", {
            expected: `to map ${bytes} bytes`,
            but: `the system refused (error ${koffi.errno()})`,
          });
        return { buffer: koffi.view(address, bytes), unmap: () => void munmap(address, bytes) };
      },
      sleep:
        futex &&
        ((place, value, ms) => {
          const seconds = Math.floor(ms / 1000);
          const time = BigInt64Array.of(BigInt(seconds), BigInt(Math.round((ms - 1000 * seconds) * 1e6)));
          futex(futexNumber, place, FUTEX_WAIT, value, time, null, 0);
        }),
      wake: (place) => void futex?.(futexNumber, place, FUTEX_WAKE, EVERYONE, null, null, 0),
    };
  } catch (cause) {
    if (cause instanceof CollectiveError) throw cause;
    throw new CollectiveError("unavailable", `Expected mmap for groups of processes: ${oneLine(cause)}.`, {
      cause,
      data: { platform: process.platform },
    });
  }
}
