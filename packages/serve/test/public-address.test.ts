import { describe, expect, it } from "vitest";
import { isPublicAddress } from "../src/public-address.ts";

describe("isPublicAddress", () => {
  // RFC 6890 and IANA's registries of special addresses.
  it.each([
    ...[
      "127.0.0.1",
      "127.9.9.9",
      "0.0.0.0",
      "10.0.0.1",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "169.254.169.254",
    ],
    ...["100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
    ...["::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"],
    ...[
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "2001:db8::1",
      "::127.0.0.1",
      "::808:808",
      "::7f00:1",
      "::ffff:0:7f00:1",
      "fec0::1",
      "not an address",
      "",
    ],
  ])("refuses %s", (address) => expect(isPublicAddress(address)).toBe(false));

  it.each(["8.8.8.8", "172.32.0.1", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])("takes %s", (address) =>
    expect(isPublicAddress(address)).toBe(true),
  );
});
