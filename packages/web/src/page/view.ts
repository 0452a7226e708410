/** Where a picture lies on the stage: its pixel (x, y) is drawn at `left + x · scale`, `top + y · scale`, in CSS pixels. */
export interface View {
  scale: number;
  left: number;
  top: number;
}

/** Width and height. */
export interface Size {
  width: number;
  height: number;
}

/** No pixel is drawn larger than this. */
const LARGEST = 40;

/** The view that shows the whole picture in the middle, with a margin; a small picture is not enlarged beyond four times. */
export function fitted(picture: Size, stage: Size, margin = 0): View {
  const room = { width: Math.max(1, stage.width - 2 * margin), height: Math.max(1, stage.height - 2 * margin) };
  const scale = Math.min(room.width / picture.width, room.height / picture.height, 4);
  return {
    scale,
    left: (stage.width - picture.width * scale) / 2,
    top: (stage.height - picture.height * scale) / 2,
  };
}

/** Zooms by a factor, so that what lies under (x, y) stays there. */
export function zoomed(view: View, factor: number, x: number, y: number, smallest: number): View {
  const scale = Math.min(LARGEST, Math.max(Math.min(smallest, LARGEST), view.scale * factor));
  const ratio = scale / view.scale;
  return { scale, left: x - (x - view.left) * ratio, top: y - (y - view.top) * ratio };
}

/** The view moved as little as needed: what is smaller than the stage lies in its middle, what is larger leaves no gap. */
export function kept(view: View, picture: Size, stage: Size): View {
  const along = (start: number, length: number, room: number) =>
    length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, start));
  return {
    scale: view.scale,
    left: along(view.left, picture.width * view.scale, stage.width),
    top: along(view.top, picture.height * view.scale, stage.height),
  };
}

/** The picture's pixel under a point of the stage; none outside of it. */
export function pixelAt(view: View, picture: Size, x: number, y: number): { x: number; y: number } | undefined {
  const at = { x: Math.floor((x - view.left) / view.scale), y: Math.floor((y - view.top) / view.scale) };
  return at.x >= 0 && at.y >= 0 && at.x < picture.width && at.y < picture.height ? at : undefined;
}
