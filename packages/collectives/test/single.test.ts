import { expect, it } from "vitest";
import { broadcastJson, gatherJson } from "../src/json.ts";
import { single } from "../src/single.ts";

it("gives a group of one its own numbers back", () => {
  const data = Float32Array.of(1, -0, Number.NaN);
  single.allReduce(data);
  single.broadcast(data);
  single.barrier();
  const gathered = single.allGather(data);
  expect([...data]).toEqual([1, -0, Number.NaN]);
  expect([...gathered]).toEqual([1, -0, Number.NaN]);
  expect(gathered.buffer).not.toBe(data.buffer);
  const bytes = Uint8Array.of(1, 255);
  const copies = [single.broadcastBytes(bytes), ...single.allGatherBytes(bytes)];
  bytes.fill(0);
  expect(copies.map((copy) => [...copy])).toEqual([
    [1, 255],
    [1, 255],
  ]);
  const value = { at: undefined };
  expect(broadcastJson(value, single)).toBe(value);
  expect(gatherJson(value, single)[0]).toBe(value);
  expect([single.rank, single.size]).toEqual([0, 1]);
  single.dispose();
});
