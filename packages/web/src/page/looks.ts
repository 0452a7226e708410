import { byId } from "./element.ts";
import type { Look } from "./painter.ts";

/** The controls of how classes are shown. */
export class Looks {
  readonly #apply: (change: Partial<Look>) => void;
  readonly #range = byId<HTMLInputElement>("opacity");
  readonly #compare = byId<HTMLInputElement>("compare");
  readonly #modes = [...document.querySelectorAll<HTMLInputElement>('input[name="mode"]')];
  #divide = 0.5;

  constructor(apply: (change: Partial<Look>) => void) {
    this.#apply = apply;
    this.#range.addEventListener("input", () => this.#show());
    this.#compare.addEventListener("change", () => this.#show());
    for (const mode of this.#modes) mode.addEventListener("change", () => this.#show());
    this.#show();
  }

  /** Strength of the colours, 0-1. */
  get opacity(): number {
    return Number(this.#range.value) / 100;
  }

  /** Makes the colours stronger, or weaker. */
  strengthen(by: number): void {
    this.#range.value = String(Math.round((this.opacity + by) * 100));
    this.#show();
  }

  /** Colours or outlines, the other one. */
  toggleMode(): void {
    const other = this.#modes.find(({ checked }) => !checked);
    if (other) other.checked = true;
    this.#show();
  }

  /** Before and after, or no more. */
  toggleCompare(): void {
    this.#compare.checked = !this.#compare.checked;
    this.#show();
  }

  /** Moves the divider to 0-1 of the visible picture. */
  divide(at: number): void {
    this.#divide = at;
    this.#show();
  }

  #show(): void {
    byId("opacity-value").textContent = `${this.#range.value} %`;
    this.#range.style.setProperty("--value", `${this.#range.value}%`);
    const divider = byId("divider");
    divider.ariaValueNow = String(Math.round(this.#divide * 100));
    divider.ariaValueText = `${Math.round(this.#divide * 100)} % photo`;
    this.#apply({
      mode: this.#modes.find(({ checked }) => checked)?.value === "outline" ? "outline" : "fill",
      opacity: this.opacity,
      divide: this.#compare.checked ? this.#divide : undefined,
    });
  }
}
