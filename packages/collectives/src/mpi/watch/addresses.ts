import { BlockList, isIPv4 } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The IPv4 addresses by which other hosts may reach this one: those of the interfaces that Open MPI is told to use (`btl_tcp_if_include`, names or
 * networks such as `10.0.0.0/24`), else all.
 */
export function ownAddresses(
  env: Environment = process.env,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): string[] {
  const listed = (name: string) => env[`OMPI_MCA_btl_tcp_if_${name}`]?.split(",").map((word) => word.trim());
  const [included, excluded] = [listed("include"), listed("exclude")];
  return Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ internal, address }) => !internal && isIPv4(address))
      .map(({ address }) => address)
      .filter((address) => !included || names(included, name, address))
      .filter((address) => !excluded || !names(excluded, name, address)),
  );
}

/** Whether words that name interfaces or networks name this one. */
function names(words: readonly string[], name: string, address: string): boolean {
  return words.some((word) => {
    const [network = "", bits] = word.split("/");
    if (bits === undefined || !isIPv4(network) || !(Number(bits) <= 32)) return word === name;
    const list = new BlockList();
    list.addSubnet(network, Number(bits));
    return list.check(address);
  });
}

/** The ports that Open MPI is told to use (`btl_tcp_port_min_v4`, `btl_tcp_port_range_v4`), the last first, as it begins with the first; else any, which is 0. */
export function portsToTry(env: Environment = process.env): number[] {
  const [first, count] = ["min", "range"].map((name) => Number(env[`OMPI_MCA_btl_tcp_port_${name}_v4`]));
  if (!first || !count || first + count > 65_536) return [0];
  return Array.from({ length: count }, (_, i) => first + count - 1 - i);
}
