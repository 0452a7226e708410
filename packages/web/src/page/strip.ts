import type { BatchPhoto } from "./batch.ts";
import { make } from "./element.ts";

const WORDS: Readonly<Record<BatchPhoto["state"], string>> = {
  waiting: "waiting",
  working: "in work",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
};

/** The row of thumbnails, a list box: arrows move the choice, Delete takes a photo away. */
export class Strip {
  readonly #box: HTMLElement;
  readonly #items = new Map<number, HTMLElement>();
  readonly #onSelect: (photo: BatchPhoto) => void;

  constructor(
    box: HTMLElement,
    onSelect: (photo: BatchPhoto) => void,
    onRemove: (photo: BatchPhoto) => void,
    photos: () => readonly BatchPhoto[],
  ) {
    this.#box = box;
    this.#onSelect = onSelect;
    box.addEventListener("keydown", (event) => {
      const all = photos();
      const at = all.findIndex(({ id }) => this.#items.get(id) === document.activeElement);
      if (at < 0) return;
      if (event.key === "Delete") {
        event.preventDefault();
        return onRemove(all[at]!);
      }
      const next = {
        ArrowRight: at + 1,
        ArrowDown: at + 1,
        ArrowLeft: at - 1,
        ArrowUp: at - 1,
        Home: 0,
        End: all.length - 1,
      }[event.key];
      const photo = next === undefined ? undefined : all[next];
      if (!photo) return;
      event.preventDefault();
      onSelect(photo);
      this.focus(photo);
    });
  }

  /** Shows states and choice; one photo alone needs no strip. */
  show(photos: readonly BatchPhoto[], current: BatchPhoto | undefined): void {
    this.#box.hidden = photos.length < 2;
    for (const [id, item] of this.#items) {
      if (photos.some((photo) => photo.id === id)) continue;
      item.remove();
      this.#items.delete(id);
    }
    for (const photo of photos) {
      const item = this.#items.get(photo.id) ?? this.#add(photo);
      const isCurrent = photo === current;
      item.ariaSelected = String(isCurrent);
      item.tabIndex = isCurrent ? 0 : -1;
      item.dataset.state = photo.state;
      item.ariaLabel = `${photo.file.name}, ${WORDS[photo.state]}`;
      item.title = photo.file.name;
      if (isCurrent) item.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  /** Gives a photo its picture. */
  picture(photo: BatchPhoto, canvas: HTMLCanvasElement): void {
    this.#items.get(photo.id)?.querySelector(".thumb")?.replaceChildren(canvas);
  }

  /** Whether it has its picture already. */
  hasPicture(photo: BatchPhoto): boolean {
    return this.#items.get(photo.id)?.querySelector("canvas") != null;
  }

  /** Focuses a photo. */
  focus(photo: BatchPhoto): void {
    this.#items.get(photo.id)?.focus();
  }

  #add(photo: BatchPhoto): HTMLElement {
    const item = make(
      "div",
      { className: "strip-item" },
      make("span", { className: "thumb" }),
      make("span", { className: "badge" }),
    );
    item.role = "option";
    item.addEventListener("click", () => this.#onSelect(photo));
    this.#items.set(photo.id, item);
    this.#box.append(item);
    return item;
  }
}
