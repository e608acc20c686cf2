// A message's head as text to be edited, and back (RFC 9112, 3 and 5).
// Invariants: what was not changed comes back the same; what could not be sent is refused with the reason.

import { isToken } from "../bytes/ascii.ts";
import { Fields, trimBlanks } from "../http/fields.ts";
import type { RequestHead, ResponseHead } from "../http/head.ts";

/** "GET /path", then a line for each field. Byte-true. */
export function requestHeadLines(head: RequestHead): string[] {
  return [`${head.method} ${head.path === "" ? head.target : head.path}`, ...fieldLines(head.fields)];
}

/** "200 OK", then a line for each field. */
export function responseHeadLines(head: ResponseHead): string[] {
  return [`${head.status} ${head.reason}`.trimEnd(), ...fieldLines(head.fields)];
}

/** Puts the text into the head; or says what is wrong with it, and changes nothing. */
export function editRequestHead(head: RequestHead, lines: readonly string[]): string | null {
  const [first = "", ...rest] = lines;
  const [method = "", path, ...more] = first.trim().split(/[ \t]+/);
  // "HTTP/1.1" behind it is what people type.
  if (more.length > 1 || (more[0] !== undefined && !/^HTTP\//.test(more[0]))) {
    return "the first line is METHOD and PATH";
  }
  if (!isToken(method)) return `"${method}" is not a method`;
  if (path === undefined) return "the path is missing after the method";
  if (!/^(?:\/|\*$)/.test(path) && head.targetForm !== "authority") return "the path begins with /";
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x20\x7f\u0100-\uffff]/.test(path)) {
    return "the path has a character that cannot be sent as it is";
  }
  const fields = parseFields(rest);
  if (typeof fields === "string") return fields;
  fields.neverIndexed = head.fields.neverIndexed;
  head.method = method;
  head.path = path;
  head.fields = fields;
  return null;
}

export function editResponseHead(head: ResponseHead, lines: readonly string[]): string | null {
  const [first = "", ...rest] = lines;
  const parts = /^(?:HTTP\/[0-9.]+[ \t]+)?([0-9]{3})(?:[ \t]+(.*))?$/.exec(first.trim());
  const status = Number(parts?.[1] ?? "0");
  if (status < 200 || status > 999) return "the first line is a status from 200 to 999, and a reason";
  const fields = parseFields(rest);
  if (typeof fields === "string") return fields;
  fields.neverIndexed = head.fields.neverIndexed;
  head.status = status;
  head.reason = parts?.[2] ?? "";
  head.fields = fields;
  return null;
}

function fieldLines(fields: Fields): string[] {
  return Array.from(fields, ([name, value]) => `${name}: ${value}`);
}

/** Empty lines are passed over. */
function parseFields(lines: readonly string[]): Fields | string {
  const fields = new Fields();
  for (const text of lines) {
    if (text.trim() === "") continue;
    const colon = text.indexOf(":");
    const name = text.slice(0, Math.max(0, colon));
    if (!isToken(name)) return `"${text.slice(0, 40)}" is not "Name: value"`;
    const value = trimBlanks(text.slice(colon + 1));
    // deno-lint-ignore no-control-regex
    if (/[\x00-\x08\x0a-\x1f\x7f\u0100-\uffff]/.test(value)) {
      return `the value of ${name} has a character that cannot be sent as it is`;
    }
    fields.append(name, value);
  }
  return fields;
}
