import { afterEach, expect, it, vi } from "vitest";
import { nextTurn } from "../src/next-turn.ts";

afterEach(() => vi.unstubAllGlobals());

it.each(["Node", "a page"])("lets what is due come first, in %s", async (where) => {
  if (where === "a page") vi.stubGlobal("setImmediate", undefined);
  const order: string[] = [];
  const due = new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.once("message", () => {
      order.push("message");
      port1.close();
      resolve();
    });
    port2.postMessage("");
  });
  for (let i = 0; i < 20 && order.length === 0; i++) await nextTurn();
  order.push("work");
  await due;
  expect(order).toEqual(["message", "work"]);
});
