import { expect, it } from "vitest";
import { showProgress } from "../../src/terminal/show-progress.ts";
import { Terminal } from "../../src/terminal/terminal.ts";
import { Sink } from "../run-seg.ts";

function shown(isTTY: boolean) {
  const stderr = new Sink();
  stderr.isTTY = isTTY;
  const stdout = new Sink();
  const { context, stop } = showProgress(new Terminal({ stdout, stderr, env: {} }));
  return { tell: context.onProgress!, stop, stdout, stderr };
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

it("ends each line of a training with the time that is left, on a terminal or not", () => {
  for (const isTTY of [true, false]) {
    const { tell, stop, stdout } = shown(isTTY);
    const times = { time: 2, data: 0.5, secondsLeft: 3725 };
    const rates = { lrEncoder: 0.02, lrDecoder: 0.02, accuracy: 0.5, loss: 1 };
    const step = { type: "iteration", epoch: 1, epochs: 2, iteration: 20, iterations: 100 } as const;
    tell({ ...step, ...times, ...rates, printed: true });
    tell({ ...step, ...times, ...rates, printed: false });
    stop();
    expect(stdout.text.replace("\r\u001b[K", "")).toBe(
      "Epoch: [1][20/100], Time: 2.00, Data: 0.50, lr_encoder: 0.020000, lr_decoder: 0.020000, Accuracy: 50.00, Loss: 1.000000, Left: 1 h 2 min\n",
    );
  }
});
