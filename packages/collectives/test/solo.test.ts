import { expect, it } from "vitest";
import { broadcastJson, gatherJson } from "../src/json.ts";
import { solo } from "../src/solo.ts";

it("gives a group of one its own numbers back", () => {
  const data = Float32Array.of(1, -0, Number.NaN);
  solo.allReduce(data);
  solo.broadcast(data);
  solo.barrier();
  const gathered = solo.allGather(data);
  expect([...data]).toEqual([1, -0, Number.NaN]);
  expect([...gathered]).toEqual([1, -0, Number.NaN]);
  expect(gathered.buffer).not.toBe(data.buffer);
  const bytes = Uint8Array.of(1, 255);
  const copies = [solo.broadcastBytes(bytes), ...solo.allGatherBytes(bytes)];
  bytes.fill(0);
  expect(copies.map((copy) => [...copy])).toEqual([
    [1, 255],
    [1, 255],
  ]);
  const value = { at: undefined };
  expect(broadcastJson(value, solo)).toBe(value);
  expect(gatherJson(value, solo)[0]).toBe(value);
  expect([solo.rank, solo.size]).toEqual([0, 1]);
  solo.dispose();
});
