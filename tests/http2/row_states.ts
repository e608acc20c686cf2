// Rows that begin with stream 1 in a certain state of RFC 9113, 5.1, in either role. What the peer does to come there
// has been done before the row's bytes.

import { CODE, headers, resetStream } from "../kit/http2_frames.ts";
import { cancel, requestLines, responseHead, responseLines, type Wire } from "./drive.ts";
import { GET, POST, type Row } from "./rows.ts";

type StateRow = Omit<Row, "role" | "requests" | "before">;

/** The peer's first HEADERS on stream 1. */
function peerBegins(wire: Wire, end: boolean): void {
  const lines = wire.role === "server" ? requestLines("POST", "/") : responseLines(200);
  wire.feed(headers(1, lines, { end }));
}

function weBegin(wire: Wire, end: boolean): void {
  if (wire.role === "server") wire.respond(1, responseHead(200), end);
  else if (end) wire.sendData(1, "", true);
}

/** Open: both may send. */
export function open(row: StateRow): Row {
  return { ...row, role: "both", requests: [POST], before: (wire) => peerBegins(wire, false) };
}

/** Half-closed (local): we have ended, the peer has begun. */
export function halfClosedLocal(row: StateRow): Row {
  return {
    ...row,
    role: "both",
    requests: [GET],
    before: (wire) => {
      peerBegins(wire, false);
      if (wire.role === "server") weBegin(wire, true);
    },
  };
}

/** Half-closed (remote): the peer has ended. */
export function halfClosedRemote(row: StateRow): Row {
  return { ...row, role: "both", requests: [POST], before: (wire) => peerBegins(wire, true) };
}

/** Closed: both have ended. */
export function closed(row: StateRow): Row {
  return {
    ...row,
    role: "both",
    requests: [POST],
    before: (wire) => {
      peerBegins(wire, true);
      weBegin(wire, true);
    },
  };
}

export function resetByPeer(row: StateRow): Row {
  return {
    ...row,
    role: "both",
    requests: [POST],
    before: (wire) => {
      peerBegins(wire, false);
      wire.feed(resetStream(1, CODE.CANCEL));
    },
  };
}

export function resetByUs(row: StateRow): Row {
  return {
    ...row,
    role: "both",
    requests: [POST],
    before: (wire) => {
      peerBegins(wire, false);
      cancel(wire, 1);
    },
  };
}

/** Something on the connection, in both roles; no more than a request is under way. */
export function row(name: string, rule: string, expect: Row["expect"], ...bytes: Uint8Array[]): Row {
  return { name, rule: `RFC 9113, ${rule}`, role: "both", bytes, expect };
}

/** Something on an open stream 1, in both roles. */
export function openRow(name: string, rule: string, expect: Row["expect"], ...bytes: Uint8Array[]): Row {
  return open({ name, rule: `RFC 9113, ${rule}`, bytes, expect });
}

/** For one of the roles only. */
export function only(role: "server" | "client", row: Row): Row {
  return { ...row, role };
}
