import { median } from "./report.mjs";

/** Turns that one network gets at least, and at most unless told. */
const LEAST = 3;
const MOST = 25;

/** Seconds after which a network gets no more turns unless told. */
const BUDGET = 45;

/**
 * Runs ours and PyTorch's by turns, so that both meet the same machine.
 *
 * @param ours - Runs once; gives its seconds, by name.
 * @param theirs - Runs once; gives its seconds. Undefined where there is no PyTorch.
 * @param turns - How many; by default as many as fit into about a minute.
 * @returns What each turn took: `{ours, theirs}`.
 */
export async function takeTurns(ours, theirs, turns) {
  const taken = [];
  const start = performance.now();
  const goOn = () =>
    turns
      ? taken.length < turns
      : taken.length < LEAST || (taken.length < MOST && performance.now() - start < BUDGET * 1000);
  while (goOn()) taken.push({ ours: await ours(), theirs: await theirs?.() });
  return taken;
}

/** The median of each of our times, as columns. */
export function ourColumns(taken) {
  const names = Object.keys(taken[0].ours);
  return Object.fromEntries(names.map((name) => [`${name} s`, median(taken.map(({ ours }) => ours[name]))]));
}

/**
 * PyTorch's columns: its median, and its time over ours (`total`) turn by turn: the median, the least and the most. None where there is no PyTorch;
 * dashes where it lacks the network.
 */
export function theirColumns(taken, total, pytorch, layout) {
  if (pytorch.missing) return {};
  const columns = ["PyTorch s", "PyTorch ÷ ours", "least-most", "PyTorch's layout"];
  const ratios = taken.map(({ ours, theirs }) => theirs / ours[total]);
  const cells = layout
    ? [
        median(taken.map(({ theirs }) => theirs)),
        median(ratios),
        [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2)).join("-"),
        layout,
      ]
    : columns.map(() => "-");
  return Object.fromEntries(columns.map((name, i) => [name, cells[i]]));
}
