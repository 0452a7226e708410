import type { ModelSettings } from "./batch.ts";
import { byId } from "./element.ts";
import { sortFiles } from "./files.ts";
import type { ModelChoice } from "./segmenter.ts";

/** What a model is called in the bar. */
export function modelName(model: ModelChoice): string {
  if (model === "demo") return "Demo";
  if (typeof model !== "string") return model.length === 1 ? model[0]!.name : `${model.length} files`;
  return decodeURIComponent(new URL(model).pathname).split("/").filter(Boolean).at(-1) ?? model;
}

/** The model's dialog; `onUse` gets what was chosen. */
export function modelDialog(onUse: (settings: ModelSettings) => void): { open(settings: ModelSettings): void } {
  const dialog = byId<HTMLDialogElement>("model-dialog");
  const form = byId<HTMLFormElement>("model-form");
  const url = byId<HTMLInputElement>("model-url");
  const pickers = [byId<HTMLInputElement>("model-picker"), byId<HTMLInputElement>("model-folder")];
  const engine = byId<HTMLSelectElement>("model-engine");
  const error = byId("model-error");
  const picked = byId("model-picked");
  let files: readonly File[] = [];

  const kind = () => String(new FormData(form).get("model"));
  const show = () => {
    url.hidden = kind() !== "url";
    url.required = kind() === "url";
    byId("model-files").hidden = kind() !== "files";
    picked.textContent = files.length > 0 ? files.map(({ name }) => name).join(", ") : "none yet";
    error.hidden = true;
  };
  form.addEventListener("change", show);
  for (const picker of pickers) {
    picker.addEventListener("change", () => {
      // A trained folder holds more than a model: pictures of its training, say.
      files = sortFiles([...(picker.files ?? [])]).model;
      show();
    });
  }
  form.addEventListener("submit", (event) => {
    if (event.submitter?.getAttribute("value") !== "use") return;
    const tell = (text: string) => {
      event.preventDefault();
      error.textContent = text;
      error.hidden = false;
    };
    const backend = engine.value as ModelSettings["backend"];
    if (kind() === "files" && files.length === 0)
      return tell("Expected a model’s files but none is chosen: choose them first.");
    if (kind() === "url" && !URL.canParse(url.value))
      return tell("Expected an address: it begins with https:// or http://.");
    onUse({ model: kind() === "files" ? files : kind() === "url" ? url.value : "demo", backend });
  });

  return {
    open({ model, backend }) {
      const value = model === "demo" ? "demo" : typeof model === "string" ? "url" : "files";
      form.querySelector<HTMLInputElement>(`input[value="${value}"]`)!.checked = true;
      if (value === "url") url.value = String(model);
      if (typeof model !== "string") files = model;
      engine.value = backend;
      show();
      dialog.showModal();
    },
  };
}
