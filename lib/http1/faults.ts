// Makes the fault and note values of this room. All HTTP/1 faults end the connection: after one, the place
// where the next message begins is not known (RFC 9112, 6.3 and 9.2).

import type { Peer, ProtocolFault, ProtocolNote } from "../http/fault.ts";

const BAD_REQUEST = 400;
const BAD_GATEWAY = 502;

/** A fault of `peer`. `status` counts for a client's fault; a server's always stands as 502 (RFC 9110, 15.6.3). */
export function connectionFault(
  peer: Peer,
  code: string,
  message: string,
  rule: string,
  status: number = BAD_REQUEST,
): ProtocolFault {
  return { scope: "connection", peer, code, status: peer === "client" ? status : BAD_GATEWAY, message, rule };
}

export function protocolNote(peer: Peer, code: string, message: string, rule: string): ProtocolNote {
  return { peer, code, message, rule };
}
