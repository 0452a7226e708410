import type { BatchPhoto } from "./batch.ts";
import { byId, make } from "./element.ts";
import type { PageSegmenter } from "./segmenter.ts";

const ENGINES: Readonly<Record<string, string>> = {
  webgpu: "WebGPU",
  webgl: "WebGL",
  wasm: "WebAssembly",
  cpu: "Plain JavaScript",
};

/** Milliseconds as they are told: "480 ms", "2.3 s". */
const time = (milliseconds: number) =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

/** Shows how the work goes, what failed, which engine computed and how long it took. */
export function showReport(
  photo: BatchPhoto | undefined,
  photos: readonly BatchPhoto[],
  segmenter: PageSegmenter | undefined,
): void {
  showProgress(photos);
  const failure = byId("failure");
  const hasFailed = photo?.state === "failed" || photo?.state === "cancelled";
  failure.hidden = !hasFailed;
  if (hasFailed) byId("failure-text").textContent = photo.error ?? "It was cancelled.";
  byId("panel").classList.toggle("is-waiting", !photo?.found);
  if (!photo) return;
  byId("photo-name").textContent = photo.file.name;
  const { found, took = 0, size } = photo;
  byId("photo-meta").textContent = size
    ? `${size.width} × ${size.height} · ${((size.width * size.height) / 1e6).toFixed(1)} megapixels`
    : "";
  if (!found) return;
  byId("classes-count").textContent = String(found.classes.length);
  if (!segmenter) return;
  const { name, reasons } = segmenter.engine;
  byId("engine-name").textContent = ENGINES[name] ?? name;
  byId("engine-time").textContent = time(took);
  const { decode, network, labels } = found.times ?? {};
  const rows: [string, number | undefined][] = [
    ["Decoding", decode],
    ["Network", network],
    ["Labels", labels],
    ["All in all", took],
  ];
  byId("times").replaceChildren(
    ...rows.flatMap(([word, value]) =>
      value === undefined ? [] : [make("div", {}, make("dt", {}, word), make("dd", {}, time(value)))],
    ),
  );
  byId("reasons").replaceChildren(...reasons.map((reason) => make("li", {}, reason)));
}

function showProgress(photos: readonly BatchPhoto[]): void {
  const at = photos.findIndex(({ state }) => state === "working");
  const working = photos[at];
  byId("progress").hidden = !working;
  if (!working) return;
  const { text, done, total } = working.progress ?? { text: "" };
  const place = photos.length > 1 ? `${at + 1} of ${photos.length} · ` : "";
  byId("progress-text").textContent = `${place}${text}`;
  const bar = byId<HTMLProgressElement>("progress-bar");
  if (done !== undefined && total) bar.value = Math.min(1, done / total);
  else bar.removeAttribute("value");
}
