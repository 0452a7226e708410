import type { NetworkInterfaceInfo } from "node:os";
import { expect, it } from "vitest";
import { ownAddresses, portsToTry } from "../src/mpi/watch/addresses.ts";

const address = (address: string, family: "IPv4" | "IPv6" = "IPv4", internal = false) =>
  ({ address, family, internal }) as NetworkInterfaceInfo;
const interfaces = {
  lo: [address("127.0.0.1", "IPv4", true)],
  eth0: [address("10.0.0.5"), address("fe80::1", "IPv6")],
  docker0: [address("172.17.0.1")],
};

it("offers the addresses of all interfaces but the loopback", () => {
  expect(ownAddresses({}, interfaces)).toEqual(["10.0.0.5", "172.17.0.1"]);
});

it.each([
  [{ OMPI_MCA_btl_tcp_if_include: "eth0" }],
  [{ OMPI_MCA_btl_tcp_if_include: "lo, 10.0.0.0/8" }],
  [{ OMPI_MCA_btl_tcp_if_exclude: "docker0" }],
  [{ OMPI_MCA_btl_tcp_if_exclude: "172.16.0.0/12,lo" }],
])("keeps to the interfaces that Open MPI keeps to: %j", (env) => {
  expect(ownAddresses(env, interfaces)).toEqual(["10.0.0.5"]);
});

it("takes the last of Open MPI's ports first, and any where none are named", () => {
  const env = (min: string, range: string) => ({
    OMPI_MCA_btl_tcp_port_min_v4: min,
    OMPI_MCA_btl_tcp_port_range_v4: range,
  });
  expect(portsToTry({})).toEqual([0]);
  expect(portsToTry(env("46100", "3"))).toEqual([46102, 46101, 46100]);
  expect(portsToTry(env("65000", "9000"))).toEqual([0]);
  expect(portsToTry(env("many", "3"))).toEqual([0]);
});
