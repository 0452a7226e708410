/** How many letters must be inserted, deleted, replaced or swapped with their neighbour to turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
      }
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** The name among `choices` that `name` was probably meant to be, letter case aside; undefined when none is close. */
export function nearest(name: string, choices: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let least = (name.length < 4 ? 1 : Math.max(2, Math.floor(name.length * 0.4))) + 1;
  for (const choice of choices) {
    const lower = choice.toLowerCase();
    const distance = wanted.length > 2 && lower.startsWith(wanted) ? 1 : editDistance(wanted, lower);
    if (distance < least) {
      least = distance;
      best = choice;
    }
  }
  return best;
}

/** The end of an error about an unknown name: the nearest choice where there is one, then all of them. */
export function suggestion(name: string, choices: readonly string[]): string {
  const best = nearest(name, choices);
  return `${best ? `did you mean ${best}? The` : "the"} choices are ${choices.join(", ")}.`;
}
