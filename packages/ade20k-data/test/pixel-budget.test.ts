import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { decodeInTurn } from "../src/pixel-budget.ts";

it("So many images are decoded at a time as have 67 million pixels together, or one that has more", async () => {
  const sides = [8192, 100, 100, 5000, 5000, 5000, 20_000, 100];
  let [atWork, images, most] = [0, 0, 0];
  const decode = async (side: number) => {
    atWork += side ** 2;
    images++;
    most = Math.max(most, images);
    if (images > 1) expect(atWork).toBeLessThanOrEqual(2 ** 26);
    await setImmediate();
    atWork -= side ** 2;
    images--;
    return side;
  };
  const done = await Promise.all(sides.map((side) => decodeInTurn({ width: side, height: side }, () => decode(side))));
  expect(done).toEqual(sides);
  expect(most).toBeGreaterThan(1);
});

it("An image that cannot be decoded makes room for the next one", async () => {
  const large = { width: 10_000, height: 10_000 };
  const failed = decodeInTurn(large, () => Promise.reject(new Error("damaged")));
  const next = decodeInTurn(large, async () => "decoded");
  await expect(failed).rejects.toThrow("damaged");
  expect(await next).toBe("decoded");
});
