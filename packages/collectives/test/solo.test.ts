import { expect, it } from "vitest";
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
  expect([solo.rank, solo.size]).toEqual([0, 1]);
  solo.dispose();
});
