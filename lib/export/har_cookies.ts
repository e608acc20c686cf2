// Cookies as HAR has them (HAR 1.2, cookies): what a request carries, and what a response sets (RFC 6265, 4 and 5.2).
// Invariant: never throws; names and values are as sent, not decoded.

import { type Fields, trimBlanks } from "../http/fields.ts";
import { wireText } from "./wire_text.ts";

export interface HarCookie {
  name: string;
  value: string;
  path?: string;
  domain?: string;
  /** ISO 8601. */
  expires?: string;
  httpOnly?: boolean;
  secure?: boolean;
  sameSite?: string;
}

/** The cookies of all Cookie fields, in order. */
export function requestCookies(fields: Fields): HarCookie[] {
  const cookies: HarCookie[] = [];
  for (const value of fields.all("cookie")) {
    for (const piece of value.split(";")) {
      if (trimBlanks(piece) !== "") cookies.push(nameAndValue(piece));
    }
  }
  return cookies;
}

/** A cookie for each Set-Cookie field. `at`: when they came, in milliseconds; Max-Age counts from then. */
export function responseCookies(fields: Fields, at: number): HarCookie[] {
  return fields.all("set-cookie").map((value) => setCookie(value, at));
}

function setCookie(text: string, at: number): HarCookie {
  const [pair = "", ...attributes] = text.split(";");
  const cookie: HarCookie = { ...nameAndValue(pair), httpOnly: false, secure: false };
  let maxAge: string | undefined;
  for (const attribute of attributes) {
    const { name, value } = nameAndValue(attribute);
    const isNamed = attribute.includes("=");
    // RFC 6265, 5.3: of several, the last one counts.
    switch ((isNamed ? name : value).toLowerCase()) {
      case "path":
        cookie.path = value;
        break;
      case "domain":
        cookie.domain = value;
        break;
      case "expires":
        setExpires(cookie, dateOf(value));
        break;
      case "max-age":
        maxAge = value;
        break;
      case "httponly":
        cookie.httpOnly = true;
        break;
      case "secure":
        cookie.secure = true;
        break;
      case "samesite":
        cookie.sameSite = value;
        break;
    }
  }
  // RFC 6265, 5.3: it has precedence over Expires.
  if (maxAge !== undefined && /^-?[0-9]+$/.test(maxAge)) setExpires(cookie, at + Number(maxAge) * 1000);
  return cookie;
}

/** RFC 6265, 5.2: without "=" it is all value, as browsers take it. */
function nameAndValue(pair: string): { name: string; value: string } {
  const equals = pair.indexOf("=");
  return {
    name: wireText(trimBlanks(pair.slice(0, Math.max(0, equals)))),
    value: wireText(trimBlanks(pair.slice(equals + 1))),
  };
}

function setExpires(cookie: HarCookie, at: number): void {
  const date = new Date(at);
  if (!Number.isNaN(date.getTime())) cookie.expires = date.toISOString();
}

/** RFC 6265, 5.1.1: UTC, whatever it says. */
function dateOf(text: string): number {
  return Date.parse(/(?:GMT|UTC|Z)$/i.test(text) ? text : `${text} GMT`);
}
