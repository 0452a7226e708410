import { describe, expect, it } from "vitest";
import { LossWatch } from "../src/loss-watch.ts";

/** A device that can be lost. */
function device() {
  let lose: (reason: string) => void = () => {};
  const watch = new LossWatch(
    new Promise((resolve) => {
      lose = resolve;
    }),
  );
  return { watch, lose };
}

describe("What waits for a device", () => {
  it("gets its values, or its error, where the device stays", async () => {
    const { watch } = device();
    await expect(watch.during(Promise.resolve(7))).resolves.toBe(7);
    await expect(watch.during(Promise.reject(new Error("no memory")))).rejects.toThrow("no memory");
  });

  it("ends with the reason where the device goes, though the work never ends", async () => {
    const { watch, lose } = device();
    const waiting = [watch.during(new Promise(() => {})), watch.during(new Promise(() => {}))];
    lose("it is gone");
    for (const one of waiting) await expect(one).rejects.toThrow("it is gone");
  });

  it("gets no values that come after the loss", async () => {
    const { watch, lose } = device();
    lose("it is gone");
    await expect(watch.during(new Promise((resolve) => setTimeout(resolve, 5, 0)))).rejects.toThrow("it is gone");
    await expect(watch.during(Promise.resolve(0))).rejects.toThrow("it is gone");
  });

  it("hears of the loss rather than of what it breaks, though that comes first", async () => {
    const { watch, lose } = device();
    const failing = watch.during(Promise.reject(new Error("unmapped")));
    setTimeout(lose, 5, "it is gone");
    await expect(failing).rejects.toThrow("it is gone");
  });
});
