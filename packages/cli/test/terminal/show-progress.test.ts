import { expect, it } from "vitest";
import { showProgress } from "../../src/terminal/show-progress.ts";
import { Terminal } from "../../src/terminal/terminal.ts";
import { Sink } from "../run-seg.ts";

function shown(isTTY: boolean) {
  const stderr = new Sink();
  stderr.isTTY = isTTY;
  const { context, stop } = showProgress(new Terminal({ stdout: new Sink(), stderr, env: {} }));
  return { tell: context.onProgress!, stop, stderr };
}

it("shows parts of a photo by the bar alone, not as a fraction of a photo", () => {
  const { tell, stop, stderr } = shown(true);
  tell({ type: "segment", done: 0, total: 3 });
  tell({ type: "segment", done: 1 / 3, total: 3 });
  stop();
  expect(stderr.text).toContain("Segmenting");
  expect(stderr.text).not.toMatch(/\d\/3|0\.3/);
});

it("names an address when its download begins, once, where no bar can be drawn", () => {
  const { tell, stop, stderr } = shown(false);
  const download = { type: "download", url: "http://a/b.pth", file: "/c/b.pth" } as const;
  tell({ ...download, received: 0, total: undefined });
  tell({ ...download, received: 10, total: 20 });
  stop();
  expect(stderr.text).toBe("Downloading http://a/b.pth\n");
});
