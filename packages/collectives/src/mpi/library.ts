import type { LibraryHandle } from "koffi";
import { CollectiveError } from "../errors.ts";
import { loadKoffi, oneLine } from "../load-koffi.ts";

/** A handle of MPI's: Open MPI's are pointers. */
type Handle = bigint;

/** The functions of MPI that are used here; what they write goes into typed arrays. All return 0 if they succeed. */
export interface Mpi {
  Initialized(flag: Int32Array): number;
  Finalize(): number;
  Comm_rank(communicator: Handle, rank: Int32Array): number;
  Comm_size(communicator: Handle, size: Int32Array): number;
  Comm_set_errhandler(communicator: Handle, handler: Handle): number;
  Error_string(error: number, text: Uint8Array, length: Int32Array): number;
  Send_init(...args: [...Message, requests: BigUint64Array]): number;
  Recv_init(...args: [...Message, requests: BigUint64Array]): number;
  Isend(...args: [...Message, requests: BigUint64Array]): number;
  Irecv(...args: [...Message, requests: BigUint64Array]): number;
  Startall(count: number, requests: BigUint64Array): number;
  Testall(count: number, requests: BigUint64Array, flag: Int32Array, statuses: null): number;
  Request_get_status(request: Handle, flag: Int32Array, status: null): number;
  /** Starts MPI in a thread of its own, as it waits for all ranks however long that takes; `Initialized` tells when it is done. */
  startInit(required: number, provided: Int32Array): void;
  /** Ends the process at once, whatever its threads wait for. */
  exitNow(code: number): void;
  readonly world: Handle;
  readonly float: Handle;
  readonly errorsReturn: Handle;
}

type Message = [data: Float32Array, count: number, type: Handle, other: number, tag: number, communicator: Handle];

const MESSAGE = "void *data, int count, void *type, int other, int tag, void *communicator, void *request";
const PARAMETERS = {
  Initialized: "void *flag",
  Finalize: "",
  Comm_rank: "void *communicator, void *rank",
  Comm_size: "void *communicator, void *size",
  Comm_set_errhandler: "void *communicator, void *handler",
  Error_string: "int error, void *text, void *length",
  Send_init: MESSAGE,
  Recv_init: MESSAGE,
  Isend: MESSAGE,
  Irecv: MESSAGE,
  Startall: "int count, void *requests",
  Testall: "int count, void *requests, void *flag, void *statuses",
  Request_get_status: "void *request, void *flag, void *status",
};

/** Open MPI's names first, with and without development files; then MPICH's, to say that it is no use. */
const NAMES =
  process.platform === "darwin"
    ? ["libmpi.40.dylib", "libmpi.dylib", "/opt/homebrew/lib/libmpi.dylib", "libmpich.dylib"]
    : ["libmpi.so.40", "libmpi.so", "libmpi.so.12", "libmpich.so.12", "libmpich.so"];

/** The one handle that only Open MPI has as a symbol. */
const WORLD = "ompi_mpi_comm_world";

/**
 * The MPI library: `path`, or the one that the system finds.
 *
 * @throws {CollectiveError} `unavailable` if there is none, or if it is not Open MPI.
 */
export function loadMpi(path?: string): Mpi {
  const koffi = loadKoffi("MPI");
  let library: LibraryHandle | undefined;
  let found = "";
  for (const name of path === undefined ? NAMES : [path]) {
    try {
      // Open MPI's plug-ins look for its symbols among those of all libraries.
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
      `Expected Open MPI but found no library ${path ?? NAMES[0]}: install it (Debian, Ubuntu: apt-get install openmpi-bin libopenmpi3), ` +
        "or add its folder to LD_LIBRARY_PATH.",
    );
  return bind(library, found, koffi.load(null).func("void _exit(int code)"));
}

function bind(library: LibraryHandle, found: string, exitNow: Mpi["exitNow"]): Mpi {
  let world: Handle;
  try {
    world = library.symbol(WORLD);
  } catch (cause) {
    throw new CollectiveError(
      "unavailable",
      `Expected Open MPI but ${found} is ${versionOf(library)}: install Open MPI and start with its mpirun.`,
      {
        cause,
      },
    );
  }
  try {
    const functions = Object.entries(PARAMETERS).map(([name, parameters]) => [
      name,
      library.func(`int MPI_${name}(${parameters})`),
    ]);
    const init = library.func("int MPI_Init_thread(void *argc, void *argv, int required, void *provided)");
    return {
      ...(Object.fromEntries(functions) as Pick<Mpi, keyof typeof PARAMETERS>),
      startInit: (required, provided) => init.async(null, null, required, provided, () => {}),
      exitNow,
      world,
      float: library.symbol("ompi_mpi_float"),
      errorsReturn: library.symbol("ompi_mpi_errors_return"),
    };
  } catch (cause) {
    throw new CollectiveError(
      "unavailable",
      `Expected Open MPI 3 or newer but ${found} lacks a function: ${oneLine(cause)}.`,
      { cause },
    );
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
