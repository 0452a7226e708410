import { Batch, type BatchPhoto, type ModelSettings } from "./batch.ts";
import { camera } from "./camera.ts";
import { type Download, everything, isDone, labelPng, overlayPng, resultsJson, save } from "./downloads.ts";
import { byId } from "./element.ts";
import { explain } from "./errors.ts";
import { droppedFiles, sortFiles } from "./files.ts";
import { listenToKeys } from "./keys.ts";
import { describe, Legend, percent } from "./legend.ts";
import { Looks } from "./looks.ts";
import { modelDialog, modelName } from "./model-dialog.ts";
import { decode, STAGE_PIXELS, THUMBNAIL_PIXELS, thumbnail } from "./photo.ts";
import { showReport } from "./report.ts";
import type { CreateSegmenter } from "./segmenter.ts";
import { Stage } from "./stage.ts";
import { Strip } from "./strip.ts";
import { theme } from "./theme.ts";

/**
 * Brings the page to life.
 *
 * @param create - makes a segmenter; it is called with the first photo.
 */
export function startPage(create: CreateSegmenter): void {
  let current: BatchPhoto | undefined;
  /** The photo on the stage, decoded; one at a time. */
  let shown: { photo: BatchPhoto; bitmap: ImageBitmap } | undefined;
  let pinned: number | undefined;
  let lit: number | undefined;
  let legendOf: BatchPhoto["found"];

  const batch = new Batch(create, onChange);
  const say = speaker();
  const notice = noticeBoard();
  const legend = new Legend(byId("legend"), { onLight: light, onPin: pin });
  const tip = byId("tip");
  const stage = new Stage(byId<HTMLCanvasElement>("stage"), byId("divider"), {
    onPoint: (pixel, by) => {
      const index = pixel && labelAt(pixel.x, pixel.y);
      const name = index === undefined ? undefined : nameOf(index);
      tip.hidden = name === undefined;
      if (pixel && name !== undefined) {
        tip.textContent = name;
        const room = stage.canvas.clientWidth;
        tip.style.transform = `translate(${Math.min(pixel.left + 14, room - tip.offsetWidth - 8)}px, ${Math.max(8, pixel.top - 40)}px)`;
        if (by === "keys") say(name);
      }
      legend.mark(index === undefined ? (lit ?? pinned) : index, pinned);
    },
    onPick: ({ x, y }) => {
      const index = labelAt(x, y);
      if (index === undefined) return;
      pin(index);
      legend.reveal(index);
    },
    onDivide: (at) => looks.divide(at),
    onZoom: (scale) => {
      byId("zoom-level").textContent = `${Math.round(scale * 100)} %`;
    },
  });
  const looks = new Looks((look) => stage.look(look));
  const strip = new Strip(byId("strip"), select, remove, () => batch.photos);
  const models = modelDialog(useModel);
  const openCamera = camera((file) => take([file]));
  const switchTheme = theme();
  const picker = byId<HTMLInputElement>("photo-files");
  const open = () => picker.click();

  picker.addEventListener("change", () => {
    take([...(picker.files ?? [])]);
    picker.value = "";
  });
  const click = (id: string, action: () => void) => byId(id).addEventListener("click", action);
  click("open", open);
  click("welcome-open", open);
  click("camera", openCamera);
  click("welcome-camera", openCamera);
  click("demo", takeDemo);
  click("model", () => models.open(batch.settings));
  click("cancel", () => batch.cancel());
  click("retry", () => current && batch.retry(current));
  click("remove", () => current && remove(current));
  click("zoom-in", () => stage.zoom(1.5));
  click("zoom-out", () => stage.zoom(1 / 1.5));
  click("zoom-fit", () => stage.fit());
  const help = byId<HTMLDialogElement>("help-dialog");
  click("help", () => help.showModal());
  click("help-close", () => help.close());
  const classes = () => batch.segmenter?.classes ?? [];
  const done = () => (current && isDone(current) ? current : undefined);
  const download = (id: string, produce: () => Promise<Download> | Download | undefined) =>
    click(id, async () => {
      try {
        const file = await produce();
        if (file) save(file);
      } catch (error) {
        notice(explain(error));
      }
    });
  download("download-overlay", () => done() && overlayPng(done()!, classes(), looks.opacity));
  download("download-labels", () => done() && labelPng(done()!, classes()));
  download("download-json", () => done() && resultsJson([done()!]));
  download("download-all", () => everything(batch.photos, classes(), looks.opacity));

  listenToDrops((files) => take(files));
  listenToKeys({
    o: open,
    c: openCamera,
    m: () => models.open(batch.settings),
    t: switchTheme,
    b: () => looks.toggleCompare(),
    l: () => looks.toggleMode(),
    "[": () => looks.strengthen(-0.1),
    "]": () => looks.strengthen(0.1),
    n: () => step(1),
    p: () => step(-1),
    "?": () => help.showModal(),
    Escape: () => (batch.photos.some(({ state }) => state === "working") ? batch.cancel() : pin(undefined)),
  });
  layOut();

  function take(files: readonly File[]): void {
    const { photos, model, others } = sortFiles(files);
    if (others.length > 0) {
      notice(
        `Expected photos or a model’s files but received ${others[0]!.name}${others.length > 1 ? ` and ${others.length - 1} more` : ""}: drop JPEG, PNG or WebP, or .pth, .safetensors or .onnx.`,
      );
    } else notice(undefined);
    if (model.length > 0) useModel({ ...batch.settings, model });
    if (photos.length === 0) return;
    const added = batch.add(photos);
    select(added[0]!);
  }

  async function takeDemo(): Promise<void> {
    try {
      const response = await fetch("./demo/china.jpg");
      if (!response.ok)
        throw new Error(`Expected the demo photo but the server answered ${response.status}: choose a photo of yours.`);
      take([new File([await response.blob()], "china.jpg", { type: "image/jpeg" })]);
    } catch (error) {
      notice(explain(error));
    }
  }

  function useModel(settings: ModelSettings): void {
    byId("model-name").textContent = modelName(settings.model);
    pinned = undefined;
    batch.use(settings);
    say(`Model: ${modelName(settings.model)}`);
  }

  function step(by: number): void {
    const next = current && batch.photos[batch.photos.indexOf(current) + by];
    if (next) select(next);
  }

  function remove(photo: BatchPhoto): void {
    const at = batch.photos.indexOf(photo);
    const hadFocus = document.activeElement?.closest("#strip, #failure") != null;
    batch.remove(photo);
    const next = batch.photos[Math.min(at, batch.photos.length - 1)];
    if (photo === current) select(next);
    else layOut();
    if (!hadFocus) return;
    if (batch.photos.length > 1) strip.focus(current!);
    else (next ? stage.canvas : byId("welcome-open")).focus();
  }

  function select(photo: BatchPhoto | undefined): void {
    if (photo !== current) {
      current = photo;
      pinned = undefined;
      lit = undefined;
      tip.hidden = true;
    }
    layOut();
    present();
  }

  function onChange(photo: BatchPhoto): void {
    layOut();
    if (photo !== current) {
      if (photo.state === "done" || photo.state === "failed") void picture(photo);
      return;
    }
    present();
    if (photo.state === "done") say(`${photo.file.name}: ${describe(photo.found!.classes)}.`);
    if (photo.state === "failed") say(`${photo.file.name}: ${photo.error}`);
    if (photo.state === "cancelled") say("Cancelled");
  }

  /** What is on the page at all. */
  function layOut(): void {
    const { photos } = batch;
    const isEmpty = photos.length === 0;
    document.body.dataset.state = isEmpty ? "empty" : "photos";
    byId("welcome").hidden = !isEmpty;
    byId("work").hidden = isEmpty;
    byId("panel").hidden = isEmpty;
    byId("download-all").hidden = photos.filter(isDone).length < 2;
    strip.show(photos, current);
    showReport(current, photos, batch.segmenter);
  }

  /** The current photo: its pixels, and what was found in them. */
  async function present(): Promise<void> {
    const photo = current;
    if (shown && shown.photo !== photo) {
      stage.show(undefined);
      shown.bitmap.close();
      shown = undefined;
    }
    if (!photo?.size) return;
    if (!shown) {
      try {
        const bitmap = await decode(photo.file, photo.size, STAGE_PIXELS);
        if (!strip.hasPicture(photo)) strip.picture(photo, thumbnail(bitmap, 128));
        if (current !== photo || shown) return bitmap.close();
        shown = { photo, bitmap };
      } catch (error) {
        return notice(explain(error));
      }
    }
    const { found } = photo;
    stage.show({ photo: shown.bitmap, size: photo.size, found, classes: classes() });
    stage.canvas.ariaLabel = found
      ? `${photo.file.name}: ${describe(found.classes)}`
      : `${photo.file.name}, not segmented yet`;
    if (legendOf !== found) {
      legendOf = found;
      legend.show(found?.classes ?? []);
    }
    mark();
  }

  /** Gives a photo that was never on the stage its thumbnail. */
  async function picture(photo: BatchPhoto): Promise<void> {
    if (!photo.size || strip.hasPicture(photo)) return;
    const small = await decode(photo.file, photo.size, THUMBNAIL_PIXELS).catch(() => undefined);
    if (!small) return;
    strip.picture(photo, thumbnail(small, 128));
    small.close();
  }

  function labelAt(x: number, y: number): number | undefined {
    const found = current?.found;
    const index = found?.labels[y * found.width + x];
    return index === undefined || index < 0 ? undefined : index;
  }

  function nameOf(index: number): string | undefined {
    const known = current?.found?.classes.find((one) => one.index === index);
    return known && `${known.name} · ${percent(known.share)}`;
  }

  function light(index: number | undefined): void {
    lit = index;
    mark();
  }

  function pin(index: number | undefined): void {
    const before = pinned;
    pinned = index === pinned ? undefined : index;
    mark();
    if (pinned !== undefined) say(`${nameOf(pinned)}, pinned`);
    else if (before !== undefined) say("Unpinned");
  }

  function mark(): void {
    const now = lit ?? pinned;
    stage.look({ lit: now });
    legend.mark(now, pinned);
  }
}

/** Tells screen readers; the last word counts when several come at once. */
function speaker(): (text: string) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      byId("live").textContent = text;
    }, 150);
  };
}

/** Shows one sentence above everything, or takes it away. */
function noticeBoard(): (text: string | undefined) => void {
  const board = byId("notice");
  const show = (text: string | undefined) => {
    board.hidden = text === undefined;
    byId("notice-text").textContent = text ?? "";
  };
  byId("notice-close").addEventListener("click", () => show(undefined));
  return show;
}

function listenToDrops(take: (files: File[]) => void): void {
  const veil = byId("drop");
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
  window.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  window.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) veil.hidden = true;
  });
  window.addEventListener("drop", async (event) => {
    event.preventDefault();
    veil.hidden = true;
    if (event.dataTransfer) take(await droppedFiles(event.dataTransfer));
  });
  window.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) take(files);
  });
}
