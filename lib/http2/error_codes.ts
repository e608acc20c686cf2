// RFC 9113, 7: error codes, by number and by name. A fault's `code` is the name; a number without one is "0x1234".
// Also what any other fault's code means here, so that a reset keeps its meaning from one version to the other.

import type { Peer, ProtocolFault } from "../http/fault.ts";

export const ERROR_CODES = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

const NAMES: readonly string[] = Object.keys(ERROR_CODES);

/** "CANCEL", or "0x1234" for a number without a name. */
export function errorName(code: number): string {
  return NAMES[code] ?? `0x${code.toString(16)}`;
}

/** Faults that are no HTTP/2 errors of their own but have a name here. */
const MEANINGS: Readonly<Record<string, ErrorCode>> = {
  cancelled: "CANCEL",
  killed: "CANCEL",
  stopped: "CANCEL",
  stalled: "CANCEL",
  "client-gone": "CANCEL",
};

/**
 * The number a stream is reset with because of `fault`. `fallback` stands for whatever has no number of its own: what
 * happened on a leg of another version.
 */
export function errorNumber(fault: ProtocolFault, fallback: ErrorCode): number {
  const { code } = fault;
  const known = (ERROR_CODES as Readonly<Record<string, number>>)[code];
  if (known !== undefined) return known;
  if (/^0x[0-9a-f]{1,8}$/.test(code)) return Number(code);
  return ERROR_CODES[MEANINGS[code] ?? fallback];
}

/** A rule broken on one stream: it alone is lost. */
export function streamFault(peer: Peer, code: ErrorCode, message: string, rule: string): ProtocolFault {
  return { scope: "stream", peer, code, status: peer === "client" ? 400 : 502, message, rule };
}

/** A rule broken that ends the connection. */
export function connectionFault(peer: Peer, code: ErrorCode, message: string, rule: string): ProtocolFault {
  return { scope: "connection", peer, code, status: peer === "client" ? 400 : 502, message, rule };
}
