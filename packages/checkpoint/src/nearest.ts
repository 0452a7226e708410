/** The number of characters to insert, delete or replace to make `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The one of `names` that `name` is most likely meant to be, if any comes near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  // A file's names may be of any length; nobody mistypes one this long.
  if (name.length > 200) return undefined;
  let best: string | undefined;
  let least = name.length / 3;
  for (const candidate of names) {
    if (Math.abs(candidate.length - name.length) > least) continue;
    const distance = editDistance(name, candidate);
    if (distance <= least && (best === undefined || distance < least)) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}
