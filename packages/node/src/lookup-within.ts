import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";

/**
 * Looks names up as Node does, and fails where one of a name's addresses is not allowed: what is connected to is what was looked at.
 *
 * @param allows - whether an IP address is allowed.
 * @param refusal - the error's message.
 */
export function lookupWithin(allows: (address: string) => boolean, refusal: string): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) return callback(error, "", 0);
      if (!addresses.every(({ address }) => allows(address))) return callback(new Error(refusal), "", 0);
      if (options.all) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}
