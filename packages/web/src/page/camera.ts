import { byId } from "./element.ts";

const REASONS: Readonly<Record<string, string>> = {
  NotAllowedError: "The camera is not allowed here: allow it beside the address, then open this again.",
  NotFoundError: "There is no camera: connect one, or choose a photo instead.",
  NotReadableError: "The camera is in use elsewhere: close what uses it, then open this again.",
};

/** The camera's dialog; `onShot` gets what was taken. The camera is off whenever the dialog is closed. */
export function camera(onShot: (file: File) => void): () => void {
  const dialog = byId<HTMLDialogElement>("camera-dialog");
  const video = byId<HTMLVideoElement>("camera-video");
  const error = byId("camera-error");
  const shot = byId<HTMLButtonElement>("camera-shot");
  let stream: MediaStream | undefined;

  const stop = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
    video.srcObject = null;
    shot.disabled = true;
  };
  dialog.addEventListener("close", stop);
  window.addEventListener("pagehide", stop);
  byId("camera-close").addEventListener("click", () => dialog.close());
  shot.addEventListener("click", async () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    dialog.close();
    const time = new Date().toTimeString().slice(0, 8).replaceAll(":", "");
    if (blob) onShot(new File([blob], `camera-${time}.png`, { type: "image/png" }));
  });

  return async () => {
    error.hidden = true;
    video.hidden = false;
    if (!dialog.open) dialog.showModal();
    try {
      if (!navigator.mediaDevices) throw new DOMException("", "InsecureContext");
      const opened = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1920 } },
        audio: false,
      });
      stream = opened;
      // Closed while the browser asked.
      if (!dialog.open) return stop();
      video.srcObject = opened;
      await video.play();
      shot.disabled = false;
      shot.focus();
    } catch (thrown) {
      stop();
      video.hidden = true;
      const { name } = thrown as DOMException;
      error.textContent =
        REASONS[name] ?? "The camera cannot be used: the page needs https, or choose a photo instead.";
      error.hidden = false;
    }
  };
}
