/** Does `work` for each item, `count` at a time, so that decoding keeps several threads busy; the first error stops it. */
export async function inFlight<T>(
  count: number,
  items: readonly T[],
  work: (item: T, i: number) => Promise<void>,
): Promise<void> {
  const rest = items.entries();
  let failed = false;
  const lane = async () => {
    for (const [i, item] of rest) {
      if (failed) return;
      await work(item, i).catch((error) => {
        failed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
}
