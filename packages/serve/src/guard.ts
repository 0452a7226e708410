import { isIP } from "node:net";
import { Problem } from "./problem.ts";

/**
 * Whether an address to listen on is reached from this machine alone.
 *
 * @example
 * ```ts
 * import { isLoopback } from "@seg/serve";
 *
 * console.log(isLoopback("127.0.0.1"), isLoopback("::1"), isLoopback("0.0.0.0")); // true true false
 * ```
 */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** What is looked at of a request. */
interface Asked {
  /** Its Host header. */
  host: string | undefined;
  /** The address of this machine that it came to. */
  local?: string | undefined;
  /** Its Origin header. */
  origin: string | undefined;
  /** Whether its method is one that changes something. */
  changes: boolean;
}

/**
 * What requests are let in: where the service listens on the loopback, a page of another site could reach it by a name that it lets resolve
 * to 127.0.0.1, so that the name that was asked for has to be one of the loopback's, of `hosts`, or the address itself.
 *
 * @param options - as those of `serve`.
 * @returns throws a {@link Problem} `wrong-host` or `foreign-origin` for what is not let in.
 */
export function guardOf({
  host,
  hosts = [],
  cors = [],
}: {
  host: string;
  hosts?: readonly string[] | undefined;
  cors?: readonly string[] | undefined;
}): (request: Asked) => void {
  const known = new Set([host, ...hosts].map(nameOf));
  const guards = isLoopback(host) || hosts.length > 0;
  return ({ host: asked = "", local, origin, changes }) => {
    const name = nameOf(asked);
    // No name has to be looked up for the address that was connected to, so that no page can make it up.
    const isOwn = known.has(name) || name === local?.replace(/^::ffff:(?=[\d.]+$)/, "");
    if (guards && !isOwn && !(isLoopback(name) || name.endsWith(".localhost"))) {
      throw new Problem(
        "wrong-host",
        "The Host header names no host that this service goes by; --allow-host adds one.",
      );
    }
    if (!changes || origin === undefined || cors.includes("*") || cors.includes(origin)) return;
    if (URL.canParse(origin) && new URL(origin).host === asked.toLowerCase()) return;
    throw new Problem("foreign-origin", "The request comes from a page of another origin; --cors allows one.");
  };
}

/** A Host header's name, without port and brackets. */
function nameOf(host: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host) ?? [];
  return (bracketed ?? plain ?? host).toLowerCase().replace(/\.$/, "");
}
