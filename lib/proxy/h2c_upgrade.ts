// HTTP/2 asked for by an HTTP/1.1 request (`Upgrade: h2c`, RFC 7540, 3.2; gone from RFC 9113, still spoken). It is
// between the client and us: what an origin speaks is found out otherwise, so it is never forwarded.

import { Fields, trimBlanks } from "../http/fields.ts";
import type { RequestHead, ResponseHead } from "../http/head.ts";
import { isWebSocketUpgrade } from "../http/websocket.ts";
import { defaultHttp2Limits } from "../http2/limits.ts";
import { initialSettings, readSettings } from "../http2/settings.ts";

const H2C = "h2c";
const H2C_SETTINGS = "http2-settings";
const SETTING_SIZE = 6;

/** What a codec of HTTP/2 goes on with: the request that asked for it is its stream 1. */
export interface H2cUpgrade {
  /** HTTP2-Settings, decoded. */
  settings: Uint8Array;
  head: RequestHead;
}

/** The upgrade a request asks for; null: none, or one that cannot be followed (RFC 9110, 7.8: it may be ignored). */
export function h2cUpgrade(head: RequestHead, end: boolean): H2cUpgrade | null {
  // RFC 7540, 3.2: a body would have to be read to its end before anything can be answered.
  if (head.protocol === null || head.version !== "HTTP/1.1" || !end || head.method === "CONNECT") return null;
  // RFC 9110, 7.8: of two protocols asked for we choose the one that cannot be had otherwise.
  if (isWebSocketUpgrade(head)) return null;
  const { fields } = head;
  if (!fields.hasToken("upgrade", H2C) || !fields.hasToken("connection", H2C_SETTINGS)) return null;
  // RFC 7540, 3.2.1: exactly one.
  const [text, another] = fields.all(H2C_SETTINGS);
  if (text === undefined || another !== undefined) return null;
  const settings = decodeSettings(text);
  return settings === null ? null : { settings, head };
}

export function switchingToH2c(): ResponseHead {
  return {
    kind: "response",
    version: "HTTP/1.1",
    status: 101,
    reason: "Switching Protocols",
    framing: "none",
    contentLength: null,
    fields: Fields.of(["Connection", "Upgrade"], ["Upgrade", H2C]),
  };
}

/** The head as it is forwarded: without the offer. The same object where there is none. */
export function withoutH2c(head: RequestHead): RequestHead {
  if (head.protocol === null || head.method === "CONNECT" || !head.fields.hasToken("upgrade", H2C)) {
    return head;
  }
  const fields = head.fields.clone();
  removeTokens(fields, "Upgrade", [H2C]);
  const protocol = fields.all("upgrade").join(", ");
  fields.delete(H2C_SETTINGS);
  removeTokens(fields, "Connection", protocol === "" ? [H2C_SETTINGS, "upgrade"] : [H2C_SETTINGS]);
  return { ...head, fields, protocol: protocol === "" ? null : protocol };
}

/** RFC 7540, 3.2.1: the payload of a SETTINGS frame in base64url; null: it is none. */
function decodeSettings(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]*={0,2}$/.test(text)) return null;
  let payload: Uint8Array;
  try {
    const decoded = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    payload = Uint8Array.from(decoded, (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
  if (payload.length % SETTING_SIZE !== 0) return null;
  if (payload.length > defaultHttp2Limits.settingsEntries * SETTING_SIZE) return null;
  return "scope" in readSettings(payload, initialSettings(), "client") ? null : payload;
}

/** Takes members (in lower case) out of a list-valued field; lines without them stay as they are. */
function removeTokens(fields: Fields, name: string, tokens: readonly string[]): void {
  for (let index = fields.indexOf(name); index >= 0; index = fields.indexOf(name, index)) {
    const members = fields.value(index).split(",").map(trimBlanks).filter((member) => member !== "");
    const rest = members.filter((member) => !tokens.includes(member.toLowerCase()));
    if (rest.length === members.length) index++;
    else {
      const spelled = fields.name(index);
      fields.removeAt(index);
      if (rest.length > 0) fields.insert(index++, spelled, rest.join(", "));
    }
  }
}
