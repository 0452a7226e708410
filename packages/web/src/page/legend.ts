import { make } from "./element.ts";
import type { PageShare } from "./segmenter.ts";

/** A share as it is told: "35 %", "0.4 %", "< 0.1 %". */
export function percent(share: number): string {
  const value = share * 100;
  if (value < 0.1) return "< 0.1 %";
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

/** What a picture shows, in words: its text alternative. */
export function describe(classes: readonly PageShare[], most = 8): string {
  const told = classes.slice(0, most).map(({ name, share }) => `${name} ${percent(share)}`);
  const more = classes.length - told.length;
  return `${told.join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}

/** What the legend tells. */
export interface LegendEvents {
  /** A class is hovered or focused; none when no more. */
  onLight(index: number | undefined): void;
  /** A class was pressed. */
  onPin(index: number): void;
}

/** The classes of a picture by share. One stop of the Tab key; arrows, Home and End move within. */
export class Legend {
  readonly #list: HTMLElement;
  readonly #events: LegendEvents;
  readonly #buttons = new Map<number, HTMLButtonElement>();

  constructor(list: HTMLElement, events: LegendEvents) {
    this.#list = list;
    this.#events = events;
    list.addEventListener("keydown", (event) => this.#onKey(event));
    list.addEventListener("pointerleave", () => events.onLight(undefined));
    list.addEventListener("focusout", () => events.onLight(undefined));
  }

  /** Shows these classes. */
  show(classes: readonly PageShare[]): void {
    this.#buttons.clear();
    const largest = classes[0]?.share ?? 1;
    this.#list.replaceChildren(
      ...classes.map(({ index, name, share, color }, place) => {
        const swatch = make("span", { className: "swatch" });
        swatch.style.background = `rgb(${color.join(" ")})`;
        const bar = make("span", { className: "bar-fill" });
        bar.style.background = `rgb(${color.join(" ")})`;
        bar.style.transform = `scaleX(${share / largest})`;
        const button = make(
          "button",
          { type: "button", className: "class", tabIndex: place === 0 ? 0 : -1 },
          swatch,
          make("span", { className: "class-name" }, name),
          make("span", { className: "class-share" }, percent(share)),
          make("span", { className: "bar-track", ariaHidden: "true" }, bar),
        );
        button.ariaPressed = "false";
        button.dataset.index = String(index);
        button.addEventListener(
          "pointerenter",
          (event) => event.pointerType === "mouse" && this.#events.onLight(index),
        );
        button.addEventListener("focus", () => button.matches(":focus-visible") && this.#events.onLight(index));
        button.addEventListener("click", () => this.#events.onPin(index));
        this.#buttons.set(index, button);
        return make("li", {}, button);
      }),
    );
  }

  /** Marks the class that is lit, and the one that is pinned. */
  mark(lit: number | undefined, pinned: number | undefined): void {
    for (const [index, button] of this.#buttons) {
      button.classList.toggle("is-lit", index === lit);
      button.ariaPressed = String(index === pinned);
    }
    this.#list.classList.toggle("has-lit", lit !== undefined);
  }

  /** Brings a class into sight within the list. */
  reveal(index: number): void {
    this.#buttons.get(index)?.scrollIntoView({ block: "nearest" });
  }

  #onKey(event: KeyboardEvent): void {
    const buttons = [...this.#buttons.values()];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    const button = next === undefined ? undefined : buttons[next];
    if (at < 0 || !button) return;
    event.preventDefault();
    for (const other of buttons) other.tabIndex = other === button ? 0 : -1;
    button.focus();
  }
}
