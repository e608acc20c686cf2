// The opening handshake of RFC 6455, 4, as far as the bench's WebSocket client and origin need it. Pure.

import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Each message is compressed by itself (RFC 7692, 7.1.1), so that it can be sent any number of times. */
const DEFLATE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/** `host`: as it stands in Host. `deflate`: to offer permessage-deflate. */
export function upgradeRequest(host: string, key: string, deflate: boolean): string {
  return "GET /echo HTTP/1.1\r\n" +
    `Host: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n` +
    (deflate ? `Sec-WebSocket-Extensions: ${DEFLATE}\r\n\r\n` : "\r\n");
}

/** Null: it is no opening handshake. */
export function upgradeResponse(request: string): string | null {
  const key = field(request, "sec-websocket-key");
  if (key === null || field(request, "upgrade")?.toLowerCase() !== "websocket") return null;
  const isOffered = field(request, "sec-websocket-extensions")?.includes("permessage-deflate") ?? false;
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${acceptOf(key)}\r\n` +
    (isOffered ? `Sec-WebSocket-Extensions: ${DEFLATE}\r\n\r\n` : "\r\n");
}

/** What is wrong with the answer to `upgradeRequest`; null: nothing. */
export function upgradeFault(response: string, key: string, deflate: boolean): string | null {
  const startLine = response.slice(0, response.indexOf("\r\n"));
  if (!startLine.startsWith("HTTP/1.1 101")) return `the answer to the upgrade is "${startLine}"`;
  if (field(response, "sec-websocket-accept") !== acceptOf(key)) return "Sec-WebSocket-Accept is wrong";
  const extensions = field(response, "sec-websocket-extensions") ?? "";
  if (deflate && !extensions.includes("permessage-deflate")) return "permessage-deflate was not agreed on";
  if (!deflate && extensions !== "") return `"${extensions}" was not offered`;
  return null;
}

function acceptOf(key: string): string {
  return createHash("sha1").update(key + GUID).digest("base64");
}

function field(head: string, name: string): string | null {
  return new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*\\r$`, "im").exec(head)?.[1] ?? null;
}
