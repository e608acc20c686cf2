// Close codes and the payload of Close frames (RFC 6455, 5.5.1 and 7.4).
// Invariant: what `closePayload` makes, `readClosePayload` reads as the same code and reason.

import { protocolFault, type WebSocketFault } from "./fault.ts";
import { isUtf8 } from "./utf8.ts";

export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  /** Never on the wire: a Close frame without a code. */
  noStatus: 1005,
  /** Never on the wire: the connection ended without a Close frame. */
  abnormal: 1006,
  invalidData: 1007,
  tooBig: 1009,
} as const;

/** RFC 6455, 5.5: 125 bytes of payload, two of them the code. */
export const CLOSE_REASON_SIZE = 123;

export interface CloseReading {
  /** 1005 when the frame has none. */
  code: number;
  reason: string;
}

/** Whether an endpoint may send this code (RFC 6455, 7.4; the IANA registry has 1012 to 1014). */
export function isCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

/** What a Close frame says, or what is wrong with it. `lenient`: a reason that is not UTF-8 is read as far as it goes. */
export function readClosePayload(payload: Uint8Array, lenient = false): CloseReading | WebSocketFault {
  if (payload.length === 0) return { code: CLOSE.noStatus, reason: "" };
  // RFC 6455, 5.5.1: if there is a body, it begins with two bytes.
  if (payload.length === 1) {
    return protocolFault("bad-close", "A Close frame with half a code", "RFC 6455, 5.5.1");
  }
  const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
  if (!isCloseCode(code)) {
    return protocolFault("bad-close-code", `A Close frame with the code ${code}`, "RFC 6455, 7.4");
  }
  const reason = payload.subarray(2);
  if (!lenient && !isUtf8(reason)) {
    const message = "The reason in a Close frame is not UTF-8";
    return { closeCode: CLOSE.invalidData, code: "invalid-utf8", message, rule: "RFC 6455, 5.5.1" };
  }
  return { code, reason: new TextDecoder("utf-8", { ignoreBOM: true }).decode(reason) };
}

/** The payload of a Close frame. 1005 makes an empty one; a reason that is too long is cut between characters. */
export function closePayload(code: number, reason: string): Uint8Array {
  if (code === CLOSE.noStatus) return new Uint8Array(0);
  if (!isCloseCode(code)) throw new RangeError(`${code} is not a code that a Close frame may carry`);
  const room = new Uint8Array(2 + CLOSE_REASON_SIZE);
  const { written } = new TextEncoder().encodeInto(reason, room.subarray(2));
  room[0] = code >> 8;
  room[1] = code & 0xff;
  return room.subarray(0, 2 + written);
}
