import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import type { History } from "../train/hooks/history.ts";
import type { ValidationScores } from "../train/hooks/validation-files.ts";

const WIDTH = 720;
const PANEL = { left: 56, width: 640, height: 200 };
const GAP = 64;
const TOP = 40;
const COLORS = { loss: "#d1495b", accuracy: "#1f6fb2", validation: "#2a8f5b", meanIou: "#b07d12" };

interface Curve {
  name: string;
  color: string;
  points: (readonly [epoch: number, value: number])[];
  /** Drawn with dots, and not smoothed. */
  sparse?: boolean;
}

/**
 * The course of a training as a picture: loss above; below it, pixel accuracy on the training batches and, where there was a validation, its
 * pixel accuracy and mean IoU. Single iterations are pale, a running mean stands out.
 *
 * @param epochs - where the axis ends.
 * @returns an SVG file's text.
 */
export function historySvg(
  { train }: History,
  validation: readonly ValidationScores[],
  { epochs, title }: { epochs: number; title: string },
): string {
  const curve = (name: string, color: string, values: number[]): Curve => {
    return { name, color, points: values.map((value, i) => [train.epoch[i]!, value]) };
  };
  const sparse = (name: string, color: string, value: (scores: ValidationScores) => number): Curve => {
    return { name, color, sparse: true, points: validation.map((scores) => [scores.epoch, value(scores) * 100]) };
  };
  const scores = [
    curve(
      "pixel accuracy in training, %",
      COLORS.accuracy,
      train.acc.map((share) => share * 100),
    ),
    sparse("in validation, %", COLORS.validation, ({ pixelAccuracy }) => pixelAccuracy),
    sparse("mean IoU, %", COLORS.meanIou, ({ meanIou }) => meanIou),
  ].filter(({ points }) => points.length > 0);
  const height = TOP + 2 * PANEL.height + 2 * GAP - 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    `<text x="${PANEL.left}" y="18" font-weight="bold">${escaped(title)}</text>`,
    ...panel([curve("loss", COLORS.loss, train.loss)], epochs, TOP),
    ...panel(scores, epochs, TOP + PANEL.height + GAP, 100),
    `<text x="${PANEL.left + PANEL.width / 2}" y="${height - 6}" text-anchor="middle">epoch</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function panel(curves: readonly Curve[], epochs: number, top: number, most?: number): string[] {
  const { left, width, height } = PANEL;
  const highest = most ?? Math.max(0, ...curves.flatMap(({ points }) => points.map(([, value]) => value)));
  const x = scaleLinear([0, epochs], [left, left + width]);
  const y = scaleLinear([0, highest || 1], [top + height, top]).nice(5);
  const legend: string[] = [];
  let at = left;
  for (const { name, color } of curves) {
    legend.push(`<text x="${at}" y="${top - 8}" fill="${color}">${escaped(name)}</text>`);
    at += name.length * 7 + 16;
  }
  return [
    ...y
      .ticks(5)
      .flatMap((tick) => [
        `<path d="M${left},${digits(y(tick))}h${width}" stroke="#ddd"/>`,
        `<text x="${left - 8}" y="${digits(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
      ]),
    ...x
      .ticks(Math.min(10, epochs))
      .map((tick) => `<text x="${digits(x(tick))}" y="${top + height + 18}" text-anchor="middle">${tick}</text>`),
    ...legend,
    ...curves.flatMap(({ points, color, sparse }) => {
      const path = line<readonly [number, number]>(
        ([epoch]) => x(epoch),
        ([, value]) => y(value),
      ).digits(1);
      const draw = (data: Curve["points"], more = "") =>
        `<path d="${path(data)}" fill="none" stroke="${color}" stroke-width="1.5"${more}/>`;
      if (!sparse) return points.length > 0 ? [draw(points, ' opacity="0.25"'), draw(smoothed(points))] : [];
      const dots = points.map(
        ([epoch, value]) => `<circle cx="${digits(x(epoch))}" cy="${digits(y(value))}" r="3" fill="${color}"/>`,
      );
      return [draw(points), ...dots];
    }),
  ];
}

/** The mean of what came before, of which a twentieth of all points counts. */
function smoothed(points: Curve["points"]): Curve["points"] {
  const kept = 1 - 1 / Math.max(1, points.length / 20);
  let [sum, weight] = [0, 0];
  return points.map(([epoch, value]) => {
    sum = sum * kept + value;
    weight = weight * kept + 1;
    return [epoch, sum / weight];
  });
}

const digits = (value: number) => Math.round(value * 10) / 10;

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
