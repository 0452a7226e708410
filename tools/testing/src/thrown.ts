/** What a call throws. */
export function thrown<E = unknown>(call: () => unknown): E {
  try {
    call();
  } catch (error) {
    return error as E;
  }
  throw new Error("nothing was thrown");
}
