// The life of a stream as data: state × input (RFC 9113, 5.1). The drawing in ARCHITECTURE.md is made from this table
// (scripts/stream_states_markdown.ts).
// Closed is three states, because what may still come differs: after END_STREAM nothing but a stray; after our reset,
// whatever was on its way; after the peer's reset, nothing.

import type { ErrorCode } from "./error_codes.ts";

export type StreamState =
  | "idle"
  | "reserved (local)"
  | "reserved (remote)"
  | "open"
  | "half-closed (local)"
  | "half-closed (remote)"
  | "closed"
  | "reset by us"
  | "reset by peer";

/** `receive END_STREAM` and `send END_STREAM` come after the HEADERS or DATA they are a flag of. */
export type StreamInput =
  | "receive HEADERS"
  | "receive DATA"
  | "receive END_STREAM"
  | "receive RST_STREAM"
  | "receive WINDOW_UPDATE"
  | "receive PUSH_PROMISE"
  | "send HEADERS"
  | "send END_STREAM"
  | "send RST_STREAM";

/**
 * A state: the frame is right, and this is the state after it. `ignored`: it may come, and means nothing.
 * A fault: what it is answered with. `mistake`: ours; it does not happen.
 */
export type Outcome =
  | StreamState
  | "ignored"
  | "mistake"
  | { scope: "stream" | "connection"; code: ErrorCode; rule: string };

const broken = (scope: "stream" | "connection", code: ErrorCode, rule: string): Outcome => ({
  scope,
  code,
  rule,
});

/** RFC 9113, 5.1: what an idle or reserved stream may not get. */
const notYet = broken("connection", "PROTOCOL_ERROR", "RFC 9113, 5.1");
const strayAfterEnd = broken("connection", "STREAM_CLOSED", "RFC 9113, 5.1");
const strayAfterHalf = broken("stream", "STREAM_CLOSED", "RFC 9113, 5.1");

export const STREAM_STATES: Readonly<Record<StreamState, Readonly<Record<StreamInput, Outcome>>>> = {
  idle: {
    // Of the peer's own streams; on ours, and on any in the client role, it is a fault (5.1.1).
    "receive HEADERS": "open",
    "receive DATA": notYet,
    "receive END_STREAM": "mistake",
    "receive RST_STREAM": broken("connection", "PROTOCOL_ERROR", "RFC 9113, 6.4"),
    "receive WINDOW_UPDATE": notYet,
    "receive PUSH_PROMISE": notYet,
    "send HEADERS": "open",
    "send END_STREAM": "mistake",
    // Nothing of it has gone out: it is forgotten without a frame.
    "send RST_STREAM": "closed",
  },
  "reserved (local)": {
    "receive HEADERS": notYet,
    "receive DATA": notYet,
    "receive END_STREAM": "mistake",
    "receive RST_STREAM": "reset by peer",
    "receive WINDOW_UPDATE": "reserved (local)",
    "receive PUSH_PROMISE": notYet,
    "send HEADERS": "half-closed (remote)",
    "send END_STREAM": "mistake",
    "send RST_STREAM": "reset by us",
  },
  "reserved (remote)": {
    "receive HEADERS": "half-closed (local)",
    "receive DATA": notYet,
    "receive END_STREAM": "mistake",
    "receive RST_STREAM": "reset by peer",
    "receive WINDOW_UPDATE": notYet,
    "receive PUSH_PROMISE": notYet,
    "send HEADERS": "mistake",
    "send END_STREAM": "mistake",
    "send RST_STREAM": "reset by us",
  },
  open: {
    "receive HEADERS": "open",
    "receive DATA": "open",
    "receive END_STREAM": "half-closed (remote)",
    "receive RST_STREAM": "reset by peer",
    "receive WINDOW_UPDATE": "open",
    "receive PUSH_PROMISE": "open",
    "send HEADERS": "open",
    "send END_STREAM": "half-closed (local)",
    "send RST_STREAM": "reset by us",
  },
  "half-closed (local)": {
    "receive HEADERS": "half-closed (local)",
    "receive DATA": "half-closed (local)",
    "receive END_STREAM": "closed",
    "receive RST_STREAM": "reset by peer",
    "receive WINDOW_UPDATE": "half-closed (local)",
    "receive PUSH_PROMISE": "half-closed (local)",
    "send HEADERS": "mistake",
    "send END_STREAM": "mistake",
    "send RST_STREAM": "reset by us",
  },
  "half-closed (remote)": {
    "receive HEADERS": strayAfterHalf,
    "receive DATA": strayAfterHalf,
    "receive END_STREAM": "mistake",
    "receive RST_STREAM": "reset by peer",
    "receive WINDOW_UPDATE": "half-closed (remote)",
    "receive PUSH_PROMISE": notYet,
    "send HEADERS": "half-closed (remote)",
    "send END_STREAM": "closed",
    "send RST_STREAM": "reset by us",
  },
  closed: {
    "receive HEADERS": strayAfterEnd,
    "receive DATA": strayAfterEnd,
    "receive END_STREAM": "ignored",
    "receive RST_STREAM": "ignored",
    "receive WINDOW_UPDATE": "ignored",
    "receive PUSH_PROMISE": notYet,
    "send HEADERS": "ignored",
    "send END_STREAM": "ignored",
    "send RST_STREAM": "ignored",
  },
  "reset by us": {
    "receive HEADERS": "ignored",
    "receive DATA": "ignored",
    "receive END_STREAM": "ignored",
    "receive RST_STREAM": "ignored",
    "receive WINDOW_UPDATE": "ignored",
    // RFC 9113, 6.6: the promised stream is reserved all the same, and reset.
    "receive PUSH_PROMISE": "ignored",
    "send HEADERS": "ignored",
    "send END_STREAM": "ignored",
    "send RST_STREAM": "ignored",
  },
  "reset by peer": {
    "receive HEADERS": strayAfterHalf,
    "receive DATA": strayAfterHalf,
    "receive END_STREAM": "ignored",
    "receive RST_STREAM": "ignored",
    "receive WINDOW_UPDATE": "ignored",
    "receive PUSH_PROMISE": notYet,
    "send HEADERS": "ignored",
    "send END_STREAM": "ignored",
    "send RST_STREAM": "ignored",
  },
};

/** Whether a stream in this state counts towards SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113, 5.1.2). */
export function isActive(state: StreamState): boolean {
  return state === "open" || state === "half-closed (local)" || state === "half-closed (remote)";
}

/** Whether nothing more happens on a stream in this state. */
export function isClosed(state: StreamState): boolean {
  return state === "closed" || state === "reset by us" || state === "reset by peer";
}
