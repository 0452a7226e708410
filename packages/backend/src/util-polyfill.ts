import util from "node:util";

/**
 * Polyfills the functions of `node:util` that tfjs-node 4.22 calls: `isNullOrUndefined` was removed in Node 23, and `isArray` prints a
 * DeprecationWarning since Node 22. Only these two, so that other deprecations still warn; to be called before the package is required.
 *
 * @param target - The module, or a stand-in for it.
 */
export function polyfillUtil(target: object = util): void {
  Object.assign(target, { isArray: Array.isArray, isNullOrUndefined: (value: unknown) => value == null });
}
