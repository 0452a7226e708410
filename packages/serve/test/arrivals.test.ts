import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Arrivals, bodyOf } from "../src/arrivals.ts";

describe("photos on their way", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  const problem = ({ signal }: { signal: AbortSignal }) =>
    signal.aborted ? [signal.reason.code, signal.reason.status, signal.reason.message] : undefined;

  it("are so many at a time; one more is told so, and when to come again", () => {
    const arrivals = new Arrivals(2, 30);
    const [first] = [arrivals.begin(), arrivals.begin()];
    expect([arrivals.count, arrivals.isFull]).toEqual([2, true]);
    expect(() => arrivals.begin()).toThrow(
      expect.objectContaining({
        code: "queue-full",
        message: "2 photos are on their way, which is all that are received at a time.",
        headers: { "retry-after": "1" },
      }),
    );
    first.end();
    first.end();
    expect([arrivals.count, arrivals.isFull]).toEqual([1, false]);
    expect(problem(arrivals.begin())).toBeUndefined();
  });

  it("make room, the slowest first, where they hardly move", () => {
    const arrivals = new Arrivals(3, 30);
    const [fast, idle, dribbling] = [arrivals.begin(), arrivals.begin(), arrivals.begin()];
    vi.advanceTimersByTime(2000);
    fast.came(20_000);
    idle.came(1);
    dribbling.came(9000);
    expect(arrivals.isFull).toBe(false);
    arrivals.begin();
    expect(problem(idle)).toEqual([
      "too-slow",
      408,
      "Only 1 bytes came in 2 seconds, and another photo needed the place.",
    ]);
    arrivals.begin();
    expect([problem(dribbling)?.[0], arrivals.count]).toEqual(["too-slow", 3]);
    // The others have only begun, and 20,000 bytes in 2 seconds are more than 8192 in one.
    expect([problem(fast), arrivals.isFull]).toEqual([undefined, true]);
    expect(() => arrivals.begin()).toThrow("3 photos are on their way");
  });

  it("are waited for so long and no longer", () => {
    const arrivals = new Arrivals(3, 30);
    const [late, ended] = [arrivals.begin(), arrivals.begin()];
    late.came(5_000_000);
    vi.advanceTimersByTime(29_999);
    ended.end();
    expect([problem(late), arrivals.count]).toEqual([undefined, 1]);
    vi.advanceTimersByTime(1);
    expect(problem(late)).toEqual(["too-slow", 408, "Only 5000000 bytes of it came in 30 seconds."]);
    expect([problem(ended), arrivals.count]).toEqual([undefined, 0]);
  });
});

describe("bodyOf", () => {
  const arrival = () => new Arrivals(1, 30).begin();

  it("gives what comes, and counts it", async () => {
    const source = new PassThrough();
    const mine = { ...arrival(), came: vi.fn() };
    const body = bodyOf(source, mine);
    source.write("abc");
    source.end("de");
    expect(await text(body)).toBe("abcde");
    expect(mine.came.mock.calls.flat().reduce((sum, bytes) => sum + bytes, 0)).toBe(5);
    mine.end();
  });

  it("fails with the problem, and leaves the connection to be answered on", async () => {
    const source = new PassThrough();
    const controller = new AbortController();
    const mine = arrival();
    const body = bodyOf(source, { ...mine, signal: controller.signal });
    const all = text(body);
    source.write("abc");
    controller.abort(new Error("too slow"));
    await expect(all).rejects.toThrow("too slow");
    expect(source.destroyed).toBe(false);
    mine.end();
  });

  it.each([
    ["breaks", (source: PassThrough) => source.destroy(new Error("reset")), "reset"],
    ["ends early", (source: PassThrough) => source.destroy(), "the client went away"],
  ])("fails where the connection %s", async (_how, breakOff, message) => {
    const source = new PassThrough();
    const mine = arrival();
    const all = text(bodyOf(source, mine));
    source.write("abc");
    breakOff(source);
    await expect(all).rejects.toThrow(message);
    mine.end();
  });
});
