export { endWithParent } from "./end-with-parent.ts";
export { FileError, type FileErrorCode, type FileErrorData } from "./errors.ts";
export { exitReason, forwardStderr, type ProcessExit, stderrTail } from "./exit-reason.ts";
export { type HttpAnswer, HttpError, type HttpOptions, httpGet } from "./http-get.ts";
export { hasEnded, IDENTITY_LENGTH, ownIdentity, type ProcessIdentity } from "./identity.ts";
export { knowFolder } from "./known-folder.ts";
export { limitOf, withLimit } from "./limits.ts";
export { localPath } from "./local-path.ts";
export { type HeldLocks, type LockOptions, onHeldLocks, removeLocks, withLock } from "./lock.ts";
export type { LockOwner } from "./lock-file.ts";
export { bootId } from "./machine.ts";
export { execArgvFor, ownModule, startProcess, startThread } from "./own-module.ts";
export { type ProcessStatus, processStatus } from "./process-status.ts";
export { openRegularFile, type ReadOptions, readRegularFile, readRegularFileSync } from "./read-file.ts";
export { readTextFile, readTextFileSync } from "./read-text.ts";
export { type ReplaceOptions, replaceFile } from "./replace-file.ts";
export { deserializeError, type SerializedError, serializeError } from "./serialize-error.ts";
export { ignoreEndSignals, ignoresHangup, onEndSignal } from "./signals.ts";
export { startWorkerProcess } from "./start-worker-process.ts";
export { type FolderNeeds, tryFolder } from "./try-folder.ts";
export {
  ensureWritable,
  isSystemError,
  makeFolders,
  unwritable,
  type WriteOptions,
  writeFileAtomic,
} from "./write-file-atomic.ts";
export { writeFolderAtomic } from "./write-folder-atomic.ts";
