import { type Look, Painter, type Scene } from "./painter.ts";
import { fitted, kept, pixelAt, type Size, type View, zoomed } from "./view.ts";

/** What the stage tells. */
export interface StageEvents {
  /** The pixel that is pointed at, by mouse or crosshair; none when nothing is. */
  onPoint(pixel: { x: number; y: number; left: number; top: number } | undefined, by: "pointer" | "keys"): void;
  /** A pixel was clicked, tapped, or Enter pressed. */
  onPick(pixel: { x: number; y: number }): void;
  /** The divider was moved, to 0-1. */
  onDivide(at: number): void;
  /** Magnification, CSS pixels for a pixel of the photo. */
  onZoom(scale: number): void;
}

/** The picture with its view: zooming, moving, pointing, by mouse, fingers or keys. */
export class Stage {
  readonly canvas: HTMLCanvasElement;
  readonly #divider: HTMLElement;
  readonly #painter: Painter;
  readonly #events: StageEvents;
  readonly #pointers = new Map<number, { x: number; y: number }>();
  #scene: Scene | undefined;
  #look: Look = { mode: "fill", opacity: 0.55, lit: undefined, divide: undefined };
  #view: View = { scale: 1, left: 0, top: 0 };
  #isFitted = true;
  #cross: { x: number; y: number } | undefined;
  #moved = 0;
  #frame = 0;

  constructor(canvas: HTMLCanvasElement, divider: HTMLElement, events: StageEvents) {
    this.canvas = canvas;
    this.#divider = divider;
    this.#painter = new Painter(canvas);
    this.#events = events;
    new ResizeObserver(() => (this.#isFitted ? this.fit() : this.#set(this.#view))).observe(canvas);
    canvas.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.#onDown(event));
    canvas.addEventListener("pointermove", (event) => this.#onMove(event));
    canvas.addEventListener("pointerup", (event) => this.#onUp(event));
    canvas.addEventListener("pointercancel", (event) => this.#pointers.delete(event.pointerId));
    canvas.addEventListener(
      "pointerleave",
      () => this.#pointers.size === 0 && this.#events.onPoint(undefined, "pointer"),
    );
    canvas.addEventListener("dblclick", () => this.fit());
    canvas.addEventListener("keydown", (event) => this.#onKey(event));
    canvas.addEventListener("blur", () => this.#crossAt(undefined));
    this.#listenToDivider();
  }

  /** Shows another picture, or none; the view stays if the picture is the same one with labels. */
  show(scene: Scene | undefined): void {
    const isSame = scene && this.#scene && scene.photo === this.#scene.photo;
    this.#scene = scene;
    if (isSame) this.redraw();
    else {
      this.#cross = undefined;
      this.fit();
    }
  }

  /** Changes how it looks. */
  look(change: Partial<Look>): void {
    this.#look = { ...this.#look, ...change };
    this.redraw();
  }

  /** Shows the whole picture. */
  fit(): void {
    const size = this.#size();
    this.#set(this.#scene ? fitted(this.#scene.size, size, size.width > 640 ? 24 : 0) : this.#view);
    this.#isFitted = true;
  }

  /** Zooms about a point, the middle if there is none. */
  zoom(factor: number, at?: { x: number; y: number }): void {
    if (!this.#scene) return;
    const stage = this.#size();
    const { x, y } = at ?? { x: stage.width / 2, y: stage.height / 2 };
    const smallest = fitted(this.#scene.size, stage, 0).scale;
    this.#set(zoomed(this.#view, factor, x, y, Math.min(1, smallest)));
  }

  /** Paints with the next frame. */
  redraw(): void {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const stage = this.#size();
      const at = this.#painter.paint(this.#scene, this.#view, stage, this.#look);
      this.#divider.hidden = at === undefined || !this.#scene?.found;
      if (at !== undefined && this.#scene) {
        const top = Math.max(0, this.#view.top);
        const bottom = Math.min(stage.height, this.#view.top + this.#scene.size.height * this.#view.scale);
        this.#divider.style.transform = `translate(${at}px, ${top}px)`;
        this.#divider.style.height = `${bottom - top}px`;
      }
      if (this.#cross) this.#drawCross(this.#cross);
    });
  }

  #size(): Size {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  #set(view: View): void {
    this.#isFitted = false;
    this.#view = this.#scene ? kept(view, this.#scene.size, this.#size()) : view;
    this.#events.onZoom(this.#view.scale);
    this.redraw();
  }

  #at(event: MouseEvent): { x: number; y: number } {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #onWheel(event: WheelEvent): void {
    if (!this.#scene) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), this.#at(event));
  }

  #onDown(event: PointerEvent): void {
    if (!this.#scene || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#at(event));
    this.#moved = this.#pointers.size > 1 ? Number.POSITIVE_INFINITY : 0;
  }

  #onMove(event: PointerEvent): void {
    if (!this.#scene) return;
    const now = this.#at(event);
    const before = this.#pointers.get(event.pointerId);
    if (!before) {
      this.#point(now, "pointer");
      return;
    }
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    this.#moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (other) {
      const middle = (a: { x: number; y: number }) => ({ x: (a.x + other.x) / 2, y: (a.y + other.y) / 2 });
      const apart = (a: { x: number; y: number }) => Math.max(1, Math.hypot(a.x - other.x, a.y - other.y));
      this.#pan(middle(now).x - middle(before).x, middle(now).y - middle(before).y);
      this.zoom(apart(now) / apart(before), middle(now));
    } else if (this.#moved > 4) {
      this.canvas.classList.add("is-moving");
      this.#pan(now.x - before.x, now.y - before.y);
    }
  }

  #onUp(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId)) return;
    this.canvas.classList.remove("is-moving");
    const pixel =
      this.#scene && this.#moved <= 4 && pixelAt(this.#view, this.#scene.size, this.#at(event).x, this.#at(event).y);
    if (pixel) {
      this.#point(this.#at(event), "pointer");
      this.#events.onPick(pixel);
    }
  }

  #pan(dx: number, dy: number): void {
    this.#set({ ...this.#view, left: this.#view.left + dx, top: this.#view.top + dy });
  }

  #point(at: { x: number; y: number }, by: "pointer" | "keys"): void {
    const pixel = this.#scene && pixelAt(this.#view, this.#scene.size, at.x, at.y);
    this.#events.onPoint(pixel && { ...pixel, left: at.x, top: at.y }, by);
  }

  #onKey(event: KeyboardEvent): void {
    if (!this.#scene || event.ctrlKey || event.metaKey || event.altKey) return;
    const [dx, dy] = ARROWS[event.key] ?? [0, 0];
    const cross = this.#cross ?? { x: this.#size().width / 2, y: this.#size().height / 2 };
    if (dx !== 0 || dy !== 0) {
      if (event.shiftKey) this.#pan(-64 * dx, -64 * dy);
      else {
        const step = event.repeat ? 24 : 12;
        const within = (value: number, limit: number) => Math.min(limit - 1, Math.max(0, value));
        const { width, height } = this.#size();
        this.#crossAt({ x: within(cross.x + dx * step, width), y: within(cross.y + dy * step, height) });
      }
    } else if (event.key === "+" || event.key === "=") this.zoom(1.5, this.#cross);
    else if (event.key === "-" || event.key === "_") this.zoom(1 / 1.5, this.#cross);
    else if (event.key === "0") this.fit();
    else if (event.key === "Enter" || event.key === " ") {
      const pixel = pixelAt(this.#view, this.#scene.size, cross.x, cross.y);
      if (pixel) this.#events.onPick(pixel);
    } else return;
    event.preventDefault();
  }

  #crossAt(at: { x: number; y: number } | undefined): void {
    if (!at && !this.#cross) return;
    this.#cross = at;
    if (at) this.#point(at, "keys");
    else this.#events.onPoint(undefined, "keys");
    this.redraw();
  }

  #drawCross({ x, y }: { x: number; y: number }): void {
    const context = this.canvas.getContext("2d")!;
    for (const [color, width] of [
      ["rgb(0 0 0 / 70%)", 4],
      ["white", 2],
    ] as const) {
      context.strokeStyle = color;
      context.lineWidth = width;
      context.beginPath();
      for (const [dx, dy] of Object.values(ARROWS)) {
        context.moveTo(x + dx * 5, y + dy * 5);
        context.lineTo(x + dx * 16, y + dy * 16);
      }
      context.stroke();
    }
  }

  #listenToDivider(): void {
    const handle = this.#divider;
    const moveTo = (clientX: number) => {
      if (!this.#scene) return;
      const box = this.canvas.getBoundingClientRect();
      const left = Math.max(0, this.#view.left);
      const right = Math.min(box.width, this.#view.left + this.#scene.size.width * this.#view.scale);
      this.#events.onDivide(Math.min(1, Math.max(0, (clientX - box.left - left) / Math.max(1, right - left))));
    };
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.focus();
      event.preventDefault();
    });
    handle.addEventListener(
      "pointermove",
      (event) => handle.hasPointerCapture(event.pointerId) && moveTo(event.clientX),
    );
    handle.addEventListener("keydown", (event) => {
      const now = this.#look.divide ?? 0.5;
      const step = event.shiftKey ? 0.1 : 0.02;
      const next = {
        ArrowLeft: now - step,
        ArrowDown: now - step,
        ArrowRight: now + step,
        ArrowUp: now + step,
        Home: 0,
        End: 1,
      }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      this.#events.onDivide(Math.min(1, Math.max(0, next)));
    });
  }
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
