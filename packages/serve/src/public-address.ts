import ipaddr from "ipaddr.js";

/**
 * Whether an IP address belongs to the public internet: none of the loopback, a private network, a link (where clouds tell machines their
 * secrets), a multicast group or a reserved range, in none of the forms in which IPv6 wraps IPv4.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 sibling.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  return ipaddr.process(address).range() === "unicast";
}
