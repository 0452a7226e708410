import util from "node:util";

/**
 * Gives `node:util` what tfjs-node 4.22 still calls, as it was: `isNullOrUndefined` is gone since Node 23, and `isArray` prints a
 * DeprecationWarning since Node 22. Only these two, so that whatever else is deprecated is still told; to be called before the package is
 * required.
 *
 * @param target - The module, or a stand-in for it.
 */
export function patchUtil(target: object = util): void {
  Object.assign(target, { isArray: Array.isArray, isNullOrUndefined: (value: unknown) => value == null });
}
