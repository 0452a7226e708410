import { describe, expect, it } from "vitest";
import { replaceFile } from "../src/index.ts";

/** A rename that fails so many times. */
function failing(times: number, code: string) {
  const tries: string[][] = [];
  const move = async (from: string, to: string) => {
    tries.push([from, to]);
    if (tries.length <= times) throw Object.assign(new Error(code), { code });
  };
  return { tries, move };
}

describe("replaceFile", () => {
  it.each(["EPERM", "EACCES", "EBUSY"])(
    "tries again on Windows, where another program has the file open (%s)",
    async (code) => {
      const { tries, move } = failing(3, code);
      await replaceFile("a", "b", { platform: "win32", move });
      expect(tries).toEqual(Array(4).fill(["a", "b"]));
    },
  );

  it("gives up where it stays so, with the system's error", async () => {
    const { tries, move } = failing(100, "EPERM");
    await expect(replaceFile("a", "b", { platform: "win32", move })).rejects.toMatchObject({ code: "EPERM" });
    expect(tries).toHaveLength(9);
  });

  it("fails at once on Windows for any other reason", async () => {
    const { tries, move } = failing(1, "ENOENT");
    await expect(replaceFile("a", "b", { platform: "win32", move })).rejects.toMatchObject({ code: "ENOENT" });
    expect(tries).toHaveLength(1);
  });

  it.each(["linux", "darwin", "freebsd"] as const)(
    "fails at once on %s, where open files are replaced",
    async (platform) => {
      const { tries, move } = failing(1, "EPERM");
      await expect(replaceFile("a", "b", { platform, move })).rejects.toMatchObject({ code: "EPERM" });
      expect(tries).toHaveLength(1);
    },
  );
});
