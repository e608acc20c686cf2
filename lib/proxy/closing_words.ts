import type { TransportFault } from "../net/transport.ts";

/** How a connection went, in words that follow "the client" or "the server". */
export function howClosed(fault: TransportFault | null): string {
  if (fault === null) return "closed the connection";
  return fault.code === "reset" ? "reset the connection" : `was lost (${fault.message})`;
}
