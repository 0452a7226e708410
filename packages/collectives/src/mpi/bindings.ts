import type Koffi from "koffi";
import type { LibraryHandle } from "koffi";
import { CollectiveError } from "../errors.ts";
import { loadKoffi, oneLine } from "../load-koffi.ts";

/** An address in memory, or one of MPI's handles, which are addresses in Open MPI. As plain numbers they cost a third of what arrays cost to pass. */
type Address = number;

/** Bindings of the MPI functions that are used here; out parameters are addresses. The `MPI_` ones return 0 if they succeed. */
export interface Mpi {
  Initialized(flag: Address): number;
  Comm_rank(communicator: Address, rank: Address): number;
  Comm_size(communicator: Address, size: Address): number;
  Comm_set_errhandler(communicator: Address, handler: Address): number;
  Error_string(error: number, text: Address, length: Address): number;
  Send_init(...message: MessageArguments): number;
  Recv_init(...message: MessageArguments): number;
  Isend(...message: MessageArguments): number;
  Irecv(...message: MessageArguments): number;
  Startall(count: number, requests: Address): number;
  Testall(count: number, requests: Address, flag: Address, statuses: Address): number;
  Request_get_status(request: Address, flag: Address, status: Address): number;
  /** Runs `MPI_Init_thread` in another thread, as it blocks until all ranks have called it; `Initialized` tells when it is done. */
  startInit(required: number, provided: Address): void;
  /** Runs `MPI_Finalize` in the same way. */
  startFinalize(): void;
  /** Whether that is done: `MPI_Finalized` says so before it has waited for the other ranks, so Open MPI's own state is asked where it can be read. */
  isFinalized(): boolean;
  /** `_exit`: ends the process at once, whatever its threads wait for. */
  exitNow(code: number): void;
  /** `alarm`: ends the process by SIGALRM after so many seconds. */
  alarm(seconds: number): void;
  /** The address of an array of at least 64 bytes: V8 may keep shorter ones in its heap. */
  addressOf(array: Float32Array | Int32Array | BigUint64Array | Uint8Array): Address;
  readonly world: Address;
  readonly float: Address;
  readonly errorsReturn: Address;
}

type MessageArguments = [
  data: Address,
  count: number,
  type: Address,
  other: number,
  tag: number,
  communicator: Address,
  request: Address,
];

const MESSAGE = "uint64_t data, int count, uint64_t type, int other, int tag, uint64_t communicator, uint64_t request";
const PARAMETERS = {
  Initialized: "uint64_t flag",
  Comm_rank: "uint64_t communicator, uint64_t rank",
  Comm_size: "uint64_t communicator, uint64_t size",
  Comm_set_errhandler: "uint64_t communicator, uint64_t handler",
  Error_string: "int error, uint64_t text, uint64_t length",
  Send_init: MESSAGE,
  Recv_init: MESSAGE,
  Isend: MESSAGE,
  Irecv: MESSAGE,
  Startall: "int count, uint64_t requests",
  Testall: "int count, uint64_t requests, uint64_t flag, uint64_t statuses",
  Request_get_status: "uint64_t request, uint64_t flag, uint64_t status",
};

/** How a system names Open MPI's library, with and without development files; then MPICH's, for an error that names it. */
interface Installation {
  names: readonly string[];
  install: string;
  /** The environment variable with the dynamic linker's search path. */
  path: string;
}

const LINUX: Installation = {
  names: ["libmpi.so.40", "libmpi.so", "libmpi.so.12", "libmpich.so.12", "libmpich.so"],
  install: "Debian, Ubuntu: apt-get install openmpi-bin libopenmpi3; Fedora: dnf install openmpi",
  path: "LD_LIBRARY_PATH",
};
const INSTALLATIONS: Partial<Record<NodeJS.Platform, Installation>> = {
  darwin: {
    // Homebrew's folder on Apple Silicon, and on Intel; neither is in the dynamic linker's search path.
    names: [
      "libmpi.40.dylib",
      "libmpi.dylib",
      "/opt/homebrew/lib/libmpi.dylib",
      "/usr/local/lib/libmpi.dylib",
      "libmpich.dylib",
    ],
    install: "brew install open-mpi",
    path: "DYLD_LIBRARY_PATH",
  },
  freebsd: {
    names: ["/usr/local/mpi/openmpi/lib/libmpi.so", "libmpi.so", "libmpich.so"],
    install: "pkg install openmpi",
    path: "LD_LIBRARY_PATH",
  },
};

/** MPI_COMM_WORLD, which is a symbol in Open MPI only. */
const COMM_WORLD = "ompi_mpi_comm_world";

/**
 * Loads the MPI library: `path`, or the one that the dynamic linker finds.
 *
 * @throws {CollectiveError} `unavailable` if there is none, or if it is not Open MPI.
 */
export function loadMpi(path?: string, platform: NodeJS.Platform = process.platform): Mpi {
  if (platform === "win32")
    throw new CollectiveError(
      "unavailable",
      {
        expected: "Linux, macOS or a BSD for MPI",
        but: "this is Windows, for which Open MPI is not made",
        hint: "use WSL, which is Linux",
      },
      { data: { platform } },
    );
  const { names, install, path: variable } = INSTALLATIONS[platform] ?? LINUX;
  const koffi = loadKoffi("MPI");
  let library: LibraryHandle | undefined;
  let found = "";
  for (const name of path === undefined ? names : [path]) {
    try {
      // RTLD_GLOBAL: Open MPI's plug-ins resolve its symbols in the global scope.
      library = koffi.load(name, { global: true });
      found = name;
      break;
    } catch {
      // The next name.
    }
  }
  if (!library)
    throw new CollectiveError(
      "unavailable",
      {
        expected: "Open MPI",
        but: `found no library ${path ?? names[0]}`,
        hint: `install it (${install}), or add its folder to ${variable}`,
      },
      { data: { library: path ?? names[0]!, platform } },
    );
  return bind(koffi, library, found);
}

function bind(koffi: typeof Koffi, library: LibraryHandle, found: string): Mpi {
  let world: Address;
  try {
    world = Number(library.symbol(COMM_WORLD));
  } catch (cause) {
    const version = versionOf(library);
    throw new CollectiveError(
      "unavailable",
      {
        expected: "Open MPI",
        but: `${found} is ${version}`,
        hint: "install Open MPI and start with its mpirun",
      },
      { cause, data: { library: found, received: version } },
    );
  }
  try {
    const functions = Object.entries(PARAMETERS).map(([name, parameters]) => [
      name,
      library.func(`int MPI_${name}(${parameters})`),
    ]);
    const init = library.func("int MPI_Init_thread(uint64_t argc, uint64_t argv, int required, uint64_t provided)");
    const finalize = library.func("int MPI_Finalize()");
    return {
      ...(Object.fromEntries(functions) as Pick<Mpi, keyof typeof PARAMETERS>),
      startFinalize: () => finalize.async(() => {}),
      isFinalized: finalizedOf(koffi, library),
      startInit: (required, provided) => init.async(0, 0, required, provided, () => {}),
      exitNow: koffi.load(null).func("void _exit(int code)"),
      alarm: koffi.load(null).func("unsigned int alarm(unsigned int seconds)"),
      addressOf: (array) => Number(koffi.address(array)),
      world,
      float: Number(library.symbol("ompi_mpi_float")),
      errorsReturn: Number(library.symbol("ompi_mpi_errors_return")),
    };
  } catch (cause) {
    throw new CollectiveError(
      "unavailable",
      { expected: "Open MPI 3 or newer", but: `${found} lacks a function: ${oneLine(cause)}` },
      { cause, data: { library: found } },
    );
  }
}

/** Of `ompi_mpi_state_t` in Open MPI 4 and 5. */
const FINALIZE_COMPLETED = 5;

function finalizedOf(koffi: typeof Koffi, library: LibraryHandle): () => boolean {
  try {
    const state = library.symbol("ompi_mpi_state");
    return () => koffi.decode(state, "int") >= FINALIZE_COMPLETED;
  } catch {
    const ask = library.func("int MPI_Finalized(_Out_ int *flag)");
    const flag = [0];
    return () => {
      ask(flag);
      return flag[0] !== 0;
    };
  }
}

/** `MPICH 4.0.2`, for a library that is not Open MPI. */
function versionOf(library: LibraryHandle): string {
  try {
    const text = new Uint8Array(8192);
    const length = new Int32Array(1);
    library.func("int MPI_Get_library_version(void *text, void *length)")(text, length);
    const version = new TextDecoder().decode(text.subarray(0, length[0])).replaceAll("\0", "");
    return version
      .split("\n", 1)[0]!
      .replace(/\s+/g, " ")
      .replace(/ Version:/, "")
      .trim();
  } catch {
    return "another library";
  }
}
