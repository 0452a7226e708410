import { describe, expect, it } from "vitest";
import { guardOf, isLoopback } from "../src/guard.ts";

/** What a request is answered: nothing, or a problem's code. */
function answer(
  service: Parameters<typeof guardOf>[0],
  request: { host?: string; local?: string; origin?: string; changes?: boolean },
): string {
  try {
    guardOf(service)({ host: undefined, origin: undefined, changes: false, ...request });
    return "in";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("isLoopback", () => {
  it.each(["localhost", "127.0.0.1", "127.255.0.9", "::1"])("holds of %s", (host) =>
    expect(isLoopback(host)).toBe(true),
  );
  it.each(["0.0.0.0", "::", "10.0.0.1", "127.example.org", "localhost.example.org", ""])("does not of %s", (host) =>
    expect(isLoopback(host)).toBe(false),
  );
});

describe("guardOf", () => {
  it.each([
    ["127.0.0.1", "localhost:8080"],
    ["127.0.0.1", "LOCALHOST."],
    ["127.0.0.1", "[::1]:1"],
    ["127.0.0.1", "seg.localhost"],
  ])("on %s lets %s in", (host, asked) => expect(answer({ host }, { host: asked })).toBe("in"));

  it.each(["example.org", "127.0.0.1.example.org", "localhost.example.org", "10.0.0.1", "", "[::2]", "x@localhost"])(
    "on the loopback keeps %j out",
    (asked) => expect(answer({ host: "127.0.0.1" }, { host: asked })).toBe("wrong-host"),
  );

  const service = { host: "192.0.2.2", hosts: ["seg.example.org"] };
  it.each(["seg.example.org", "SEG.example.org:443", "192.0.2.2:8080", "192.0.2.2", "localhost"])(
    "lets %s in where that name is allowed, or the address that is listened on",
    (asked) => expect(answer(service, { host: asked })).toBe("in"),
  );
  it.each(["foe.example", "192.0.2.3", "seg.example.org.foe.example"])("keeps %s out there", (asked) =>
    expect(answer(service, { host: asked })).toBe("wrong-host"),
  );

  it.each([
    ["10.1.2.3:8080", "10.1.2.3"],
    ["10.1.2.3", "::ffff:10.1.2.3"],
    ["[2001:db8::7]:80", "2001:db8::7"],
    ["0.0.0.0:8080", "127.0.0.1"],
  ])("lets %s in, where all addresses are listened on, by the address %s that it came to", (asked, local) => {
    const everywhere = { host: "0.0.0.0", hosts: ["seg.example.org"] };
    expect(answer(everywhere, { host: asked, local })).toBe("in");
    expect(answer(everywhere, { host: "10.9.9.9", local })).toBe("wrong-host");
  });

  it("asks no names elsewhere, unless some are given", () => {
    expect(answer({ host: "0.0.0.0" }, { host: "whatever.example" })).toBe("in");
  });

  it.each([
    ["https://foe.example", "foreign-origin"],
    ["null", "foreign-origin"],
    ["http://localhost:81", "foreign-origin"],
    ["http://localhost:80", "foreign-origin"],
    ["http://localhost:8080", "in"],
    ["https://friend.example", "in"],
    ["https://friend.example:444", "foreign-origin"],
  ])("of a POST from a page of %s says: %s", (origin, said) => {
    const friendly = { host: "127.0.0.1", cors: ["https://friend.example"] };
    expect(answer(friendly, { host: "localhost:8080", origin, changes: true })).toBe(said);
    expect(answer(friendly, { host: "localhost:8080", origin })).toBe("in");
    expect(answer({ ...friendly, cors: ["*"] }, { host: "localhost:8080", origin, changes: true })).toBe("in");
  });
});
