// The handshake of a WebSocket, in the forms of both versions: a GET with Upgrade, answered by 101 (RFC 6455, 4), and
// extended CONNECT, answered by 2xx (RFC 8441, 4 and 5). The writers make the one of the other with what is here.
// Invariants: pure; the heads given are not changed; what is agreed on (version, protocols, extensions) goes through.

import { createHash } from "node:crypto";
import type { RequestHead, ResponseHead } from "./head.ts";

/** RFC 6455, 4.1; RFC 8441 has no version of its own. */
const VERSION = "13";

/** RFC 6455, 1.3 */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Upgrade to nothing else. h2c beside it is between the client and us, and never forwarded (RFC 7540, 3.2). */
const UPGRADE = /^(?:h2c[\t ]*,[\t ]*)?websocket(?:[\t ]*,[\t ]*h2c)?$/i;

/** Whether it asks for a WebSocket, in the form of either version. */
export function isWebSocketRequest(head: RequestHead): boolean {
  return isWebSocketUpgrade(head) || isWebSocketConnect(head);
}

/** RFC 6455, 4.1: a GET without content. */
export function isWebSocketUpgrade({ method, protocol, framing }: RequestHead): boolean {
  return protocol !== null && method === "GET" && framing === "none" && UPGRADE.test(protocol);
}

/** RFC 8441, 5 */
export function isWebSocketConnect({ method, protocol }: RequestHead): boolean {
  return method === "CONNECT" && protocol?.toLowerCase() === "websocket";
}

/** Whether an answer to `isWebSocketUpgrade` says so in the words of HTTP/2, which has no 101 (RFC 9113, 8.6). */
export function opensWebSocket({ version, status }: ResponseHead): boolean {
  return version === "HTTP/2.0" && status >= 200 && status < 300;
}

/** RFC 6455, 4.2.2: what Sec-WebSocket-Accept says to a Sec-WebSocket-Key. */
export function webSocketAccept(key: string): string {
  return createHash("sha1").update(key + GUID, "latin1").digest("base64");
}

/** Extended CONNECT as a GET with Upgrade (RFC 6455, 4.1). Connection is the writer's to say. */
export function webSocketUpgrade(head: RequestHead, key: string): RequestHead {
  const fields = head.fields.clone();
  fields.set("Upgrade", "websocket");
  // RFC 8441, 5: it is not used in HTTP/2; one that came all the same means nothing.
  fields.set("Sec-WebSocket-Key", key);
  if (!fields.has("sec-websocket-version")) fields.append("Sec-WebSocket-Version", VERSION);
  return { ...head, method: "GET", protocol: "websocket", framing: "none", contentLength: null, fields };
}

/** A 2xx answer to extended CONNECT as 101 (RFC 6455, 4.2.2). `key` is the client's; null: it sent none. */
export function switchingToWebSocket(head: ResponseHead, key: string | null): ResponseHead {
  const fields = head.fields.clone();
  // RFC 9110, 8.6: none in 1xx.
  fields.delete("content-length");
  fields.set("Upgrade", "websocket");
  if (key !== null) fields.set("Sec-WebSocket-Accept", webSocketAccept(key));
  return { ...head, status: 101, reason: "", framing: "none", contentLength: null, fields };
}

/** 101 as the answer to extended CONNECT (RFC 8441, 5). */
export function acceptedConnect(head: ResponseHead): ResponseHead {
  const fields = head.fields.clone();
  for (const name of ["upgrade", "connection", "sec-websocket-accept"]) fields.delete(name);
  return { ...head, status: 200, reason: "", fields };
}

/** What is wrong with a 101 that answers `key`; null: it is a WebSocket. */
export function handshakeFlaw(
  { fields }: ResponseHead,
  key: string,
): { code: string; message: string } | null {
  // RFC 6455, 4.1: each of these is for the client to check.
  if (fields.tokens("upgrade").join() !== "websocket") {
    const message = "The server switches to something else than a WebSocket: Upgrade is not websocket";
    return { code: "bad-websocket-upgrade", message };
  }
  if (!fields.hasToken("connection", "upgrade")) {
    const message = "The server switches to a WebSocket, and Connection does not name Upgrade";
    return { code: "bad-websocket-upgrade", message };
  }
  if (fields.all("sec-websocket-accept").join() !== webSocketAccept(key)) {
    const message = "Sec-WebSocket-Accept is not the answer to the key that was sent";
    return { code: "bad-websocket-accept", message };
  }
  return null;
}
