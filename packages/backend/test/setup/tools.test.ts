import { describe, expect, it } from "vitest";
import { installCommand } from "../../src/setup/tools.ts";

describe("the command that installs a missing program", () => {
  const ways = { debian: "apt install x", fedora: "dnf install x", macos: "brew install x" };

  it.each([
    ["linux", 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n', "apt install x"],
    ["linux", 'NAME=Mint\nID=linuxmint\nID_LIKE="ubuntu debian"\n', "apt install x"],
    ["linux", "ID=fedora\n", "dnf install x"],
    ["linux", 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install x"],
    ["linux", "NAME=Alpine # not debian\nID=alpine\n", undefined],
    ["linux", "", undefined],
    ["darwin", "", "brew install x"],
  ] as const)("on %s with %j is %s", (platform, osRelease, command) => {
    expect(installCommand(ways, platform, osRelease)).toBe(command);
  });
});
