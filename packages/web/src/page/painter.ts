import { colorTable, dimTable, fill, outline, samples } from "./layers.ts";
import type { PageClass, PageSegmentation } from "./segmenter.ts";
import type { Size, View } from "./view.ts";

/** How the picture is shown. */
export interface Look {
  mode: "fill" | "outline";
  /** Strength of the colours, 0-1. */
  opacity: number;
  /** The class that is lit, if one is. */
  lit: number | undefined;
  /** Where the divider is, 0-1 of the visible picture; the photo alone lies to its left. None: no comparison. */
  divide: number | undefined;
}

/** What is painted: the photo, and what was found in it. */
export interface Scene {
  photo: CanvasImageSource;
  size: Size;
  found: PageSegmentation | undefined;
  classes: readonly PageClass[];
}

/** Layers have at most so many pixels, so that moving stays smooth on the largest screen. */
const LAYER_PIXELS = 3_000_000;

/** Paints photo, colours and darkness; remembers the layers until something of theirs changes. */
export class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #layers = new Map<string, HTMLCanvasElement>();
  #made = "";
  #of: PageSegmentation | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    const context = canvas.getContext("2d");
    if (!context)
      throw new Error("This browser gives no canvas to draw on: free memory by closing other tabs, then reload.");
    this.#context = context;
  }

  /**
   * Paints; `stage` in CSS pixels.
   *
   * @returns where the divider is, in CSS pixels from the left, if there is one.
   */
  paint(scene: Scene | undefined, view: View, stage: Size, look: Look): number | undefined {
    const density = Math.min(globalThis.devicePixelRatio || 1, 3);
    const width = Math.max(1, Math.round(stage.width * density));
    const height = Math.max(1, Math.round(stage.height * density));
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!scene) return undefined;
    context.setTransform(density, 0, 0, density, 0, 0);
    const { scale, left, top } = view;
    const { size, found } = scene;
    context.imageSmoothingEnabled = scale < 2;
    context.imageSmoothingQuality = "medium";
    context.drawImage(scene.photo, left, top, size.width * scale, size.height * scale);
    const from = { x: Math.max(0, left), y: Math.max(0, top) };
    const to = {
      x: Math.min(stage.width, left + size.width * scale),
      y: Math.min(stage.height, top + size.height * scale),
    };
    const divider = look.divide === undefined ? undefined : from.x + (to.x - from.x) * look.divide;
    if (!found || to.x <= from.x || to.y <= from.y) return divider;
    const area = { x: from.x, y: from.y, width: to.x - from.x, height: to.y - from.y };
    context.save();
    if (divider !== undefined) {
      context.beginPath();
      context.rect(divider, 0, stage.width, stage.height);
      context.clip();
    }
    context.imageSmoothingEnabled = false;
    const draw = (kind: "fill" | "outline" | "dim", alpha: number) => {
      context.globalAlpha = alpha;
      const layer = this.#layer(kind, found, scene.classes, view, area, density, look.lit);
      context.drawImage(layer, area.x, area.y, area.width, area.height);
    };
    // Lines cover little: they need more strength than areas to be seen as well.
    if (look.opacity > 0) draw(look.mode, look.mode === "outline" ? Math.min(1, 1.7 * look.opacity) : look.opacity);
    if (look.lit !== undefined) draw("dim", 0.72);
    context.restore();
    return divider;
  }

  #layer(
    kind: "fill" | "outline" | "dim",
    found: PageSegmentation,
    classes: readonly PageClass[],
    { scale, left, top }: View,
    area: { x: number; y: number; width: number; height: number },
    density: number,
    lit: number | undefined,
  ): HTMLCanvasElement {
    const resolution = density * Math.min(1, Math.sqrt(LAYER_PIXELS / (area.width * area.height * density ** 2)));
    const width = Math.max(1, Math.round(area.width * resolution));
    const height = Math.max(1, Math.round(area.height * resolution));
    const key = [scale, left, top, area.x, area.y, width, height].join();
    if (key !== this.#made || found !== this.#of) {
      this.#layers.clear();
      this.#made = key;
      this.#of = found;
    }
    const name = kind === "dim" ? `dim ${lit}` : kind;
    const known = this.#layers.get(name);
    if (known) return known;
    if (this.#layers.size > 4) this.#layers.clear();
    const layer = document.createElement("canvas");
    layer.width = width;
    layer.height = height;
    const context = layer.getContext("2d")!;
    const pixels = context.createImageData(width, height);
    const out = new Uint32Array(pixels.data.buffer);
    const columns = samples(width, (area.x - left) / scale, area.width / width / scale, found.width);
    const rows = samples(height, (area.y - top) / scale, area.height / height / scale, found.height);
    const table = kind === "dim" ? dimTable(classes.length + 1, lit!) : colorTable(classes);
    fill({ labels: found.labels, stride: found.width, columns, rows }, table, out);
    if (kind === "outline") {
      out.set(outline(out, width, height, Math.max(1, Math.round(1.5 * resolution))));
    }
    context.putImageData(pixels, 0, 0);
    this.#layers.set(name, layer);
    return layer;
  }
}
