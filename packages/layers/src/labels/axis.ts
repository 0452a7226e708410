/**
 * Where each pixel of an axis lies among the scores of a map: `weight` of the way from score `low` to score `low + step`
 * (half-pixel centres, clamped at the edges: `align_corners = false`).
 */
export interface Axis {
  readonly low: Int32Array;
  readonly weight: Float64Array;
  /** 1, or 0 where there is one score only. */
  readonly step: 0 | 1;
  /** The first pixel after the run that a pixel belongs to; a run's pixels lie between the same two scores, evenly spaced. */
  readonly runEnd: Int32Array;
}

/** `to` pixels over `from` scores. */
export function axis(from: number, to: number): Axis {
  const low = new Int32Array(to);
  const weight = new Float64Array(to);
  const runEnd = new Int32Array(to);
  const isClamped = (at: number) => at <= 0 || at >= from - 1;
  const position = (i: number) => ((i + 0.5) * from) / to - 0.5;
  for (let i = 0; i < to; i++) {
    const at = Math.min(Math.max(position(i), 0), from - 1);
    // Pixels beyond the last score belong to the last pair, all of the way.
    low[i] = Math.max(0, Math.min(Math.floor(at), from - 2));
    weight[i] = at - low[i]!;
  }
  for (let i = to - 1; i >= 0; i--) {
    const goesOn = i + 1 < to && low[i] === low[i + 1] && isClamped(position(i)) === isClamped(position(i + 1));
    runEnd[i] = goesOn ? runEnd[i + 1]! : i + 1;
  }
  return { low, weight, step: from > 1 ? 1 : 0, runEnd };
}
