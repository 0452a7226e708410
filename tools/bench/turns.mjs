import { cpus } from "node:os";
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
 * @param theirs - Runs once; gives its seconds and the processors' seconds. Undefined where there is no PyTorch.
 * @param count - How many turns; by default as many as fit into about a minute.
 * @returns What each turn took, `turns: [{ours, theirs}, …]`, and how many processors other programs used meanwhile, `others`.
 */
export async function takeTurns(ours, theirs, count) {
  const turns = [];
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  const goOn = () =>
    count ? turns.length < count : turns.length < LEAST || (turns.length < MOST && elapsed() < BUDGET);
  const before = { own: process.cpuUsage(), all: processorSeconds() };
  let used = 0;
  while (goOn()) {
    const turn = { ours: await ours() };
    if (theirs) {
      const { seconds, processors } = await theirs();
      turn.theirs = seconds;
      used += processors;
    }
    turns.push(turn);
  }
  const { user, system } = process.cpuUsage(before.own);
  used += (user + system) / 1e6;
  return { turns, others: Math.max(0, processorSeconds() - before.all - used) / elapsed() };
}

/** Seconds that all processors have worked since the machine started. */
function processorSeconds() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

/** The median of each of our times, as columns. */
export function ourColumns({ turns }) {
  const names = Object.keys(turns[0].ours);
  return Object.fromEntries(names.map((name) => [`${name} s`, median(turns.map(({ ours }) => ours[name]))]));
}

/**
 * PyTorch's columns: its median, and its time over ours (`total`) turn by turn: the median, the least and the most. None where there is
 * no PyTorch; dashes where it lacks the network (`built`, what `build` gave).
 */
export function theirColumns({ turns }, total, built) {
  if (!built) return {};
  const ratios = turns.map(({ ours, theirs }) => theirs / ours[total]);
  const columns = {
    "PyTorch s": () => median(turns.map(({ theirs }) => theirs)),
    "PyTorch ÷ ours": () => median(ratios),
    "least-most": () => [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2)).join("-"),
    "PyTorch's layout": () => built.layout,
  };
  return Object.fromEntries(Object.entries(columns).map(([name, cell]) => [name, built.missing ? "-" : cell()]));
}

/** How many turns there were, and how many processors others used: where that is not near 0, figures are worth little. */
export function turnColumns({ turns, others }) {
  return { turns: turns.length, "others' cores": others };
}
