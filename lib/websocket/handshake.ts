// Whether an exchange that left HTTP is a WebSocket whose frames can be read (RFC 6455, 4; RFC 8441, 5).
// The handshake itself is between the peers: it goes through as it came, and is not judged here.

import type { RequestHead, ResponseHead } from "../http/head.ts";
import { isWebSocketRequest } from "../http/websocket.ts";
import { agreedExtensions, type DeflateParameters } from "./extensions.ts";

export type Handshake =
  | { kind: "websocket"; deflate: DeflateParameters | null }
  /** Bytes of something else; `why` is null when it does not claim to be a WebSocket. */
  | { kind: "other"; why: string | null };

/** `response` has ended HTTP: 101, or 2xx to CONNECT. */
export function readHandshake(request: RequestHead, response: ResponseHead): Handshake {
  if (!isWebSocketRequest(request)) return { kind: "other", why: null };
  // RFC 6455, 4.1: the server names what it switches to.
  if (response.status === 101 && response.fields.get("upgrade")?.toLowerCase() !== "websocket") {
    return { kind: "other", why: null };
  }
  // RFC 6455, 4.4: the only version there is; without it a draft of before, which HTTP/2 never had.
  const version = request.fields.get("sec-websocket-version") ?? (request.method === "CONNECT" ? "13" : null);
  if (version !== "13") {
    return { kind: "other", why: `WebSocket version ${version ?? "before 13"} is not known` };
  }
  const agreement = agreedExtensions(response.fields.all("sec-websocket-extensions"));
  switch (agreement.kind) {
    case "none":
      return { kind: "websocket", deflate: null };
    case "deflate":
      return { kind: "websocket", deflate: agreement.parameters };
    case "unknown":
      return { kind: "other", why: `the WebSocket extension "${agreement.name}" is not known` };
  }
}
