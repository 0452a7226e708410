import ipaddr from "ipaddr.js";

const GIVEN_OUT = ipaddr.parseCIDR("2000::/3");

/**
 * Whether an IP address belongs to the public internet: none of the loopback, a private network, a link (where clouds tell machines their
 * secrets), a multicast group or a reserved range, in none of the forms in which IPv6 wraps IPv4.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 sibling.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const plain = ipaddr.process(address);
  if (plain.range() !== "unicast") return false;
  // Of IPv6, 2000::/3 alone is given out; outside lie other forms of IPv4, such as ::127.0.0.1, and what is site-local.
  return plain.kind() === "ipv4" || plain.match(GIVEN_OUT);
}
