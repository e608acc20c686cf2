// Sec-WebSocket-Extensions (RFC 6455, 9.1) and the parameters of permessage-deflate (RFC 7692, 7.1).
// Invariant: what cannot be read is never taken for something else: it is null, or said to be unknown.

import { isToken } from "../bytes/ascii.ts";
import { trimBlanks } from "../http/fields.ts";

export interface Extension {
  /** Lower case. */
  name: string;
  /** Names in lower case; null: without a value. */
  parameters: readonly (readonly [name: string, value: string | null])[];
}

/** How each direction's messages are compressed. */
export interface DeflateParameters {
  client: DirectionParameters;
  server: DirectionParameters;
}

/** Of the messages one peer sends. */
export interface DirectionParameters {
  /** 8 to 15: the window is 2 to the power of it, in bytes. */
  windowBits: number;
  contextTakeover: boolean;
}

export type Agreement =
  | { kind: "none" }
  | { kind: "deflate"; parameters: DeflateParameters }
  /** Something whose frames cannot be read. */
  | { kind: "unknown"; name: string };

export const PERMESSAGE_DEFLATE = "permessage-deflate";

/** What the server's field lines agree to. */
export function agreedExtensions(values: readonly string[]): Agreement {
  const extensions = parseExtensions(values.join(", "));
  if (extensions === null) return { kind: "unknown", name: values.join(", ") };
  const [first, second] = extensions;
  if (first === undefined) return { kind: "none" };
  const parameters = first.name === PERMESSAGE_DEFLATE ? readParameters(first) : null;
  if (parameters === null) return { kind: "unknown", name: first.name };
  if (second !== undefined) return { kind: "unknown", name: second.name };
  return { kind: "deflate", parameters };
}

/** RFC 6455, 9.1; null when it is not that. */
export function parseExtensions(value: string): Extension[] | null {
  const extensions: Extension[] = [];
  for (const part of partsOf(value, ",")) {
    if (part === "") continue;
    const [name = "", ...rest] = partsOf(part, ";");
    if (!isToken(name)) return null;
    const parameters: [string, string | null][] = [];
    for (const text of rest) {
      const parameter = parseParameter(text);
      if (parameter === null) return null;
      parameters.push(parameter);
    }
    extensions.push({ name: name.toLowerCase(), parameters });
  }
  return extensions;
}

/** RFC 7692, 7.1: the response; null when it is not a legal one. */
function readParameters({ parameters }: Extension): DeflateParameters | null {
  const client: DirectionParameters = { windowBits: 15, contextTakeover: true };
  const server: DirectionParameters = { windowBits: 15, contextTakeover: true };
  const seen = new Set<string>();
  for (const [name, value] of parameters) {
    // RFC 7692, 7.1: none twice.
    if (seen.has(name)) return null;
    seen.add(name);
    switch (name) {
      case "client_no_context_takeover":
      case "server_no_context_takeover":
        if (value !== null) return null;
        (name.startsWith("client") ? client : server).contextTakeover = false;
        break;
      case "client_max_window_bits":
      case "server_max_window_bits":
        // RFC 7692, 7.1.2: without leading zeros, and in a response never without.
        if (value === null || !/^([89]|1[0-5])$/.test(value)) return null;
        (name.startsWith("client") ? client : server).windowBits = Number(value);
        break;
      default:
        return null;
    }
  }
  return { client, server };
}

/** token [ "=" ( token | quoted-string ) ]: what is quoted must be a token too. */
function parseParameter(text: string): [name: string, value: string | null] | null {
  const equals = text.indexOf("=");
  const name = trimBlanks(equals < 0 ? text : text.slice(0, equals));
  if (!isToken(name)) return null;
  if (equals < 0) return [name.toLowerCase(), null];
  const value = trimBlanks(text.slice(equals + 1));
  const quoted = /^"(.*)"$/.exec(value)?.[1];
  const unquoted = quoted === undefined ? value : quoted.replaceAll(/\\(.)/g, "$1");
  return isToken(unquoted) ? [name.toLowerCase(), unquoted] : null;
}

/**
 * The parts between separators, without blanks around them. Quotes need no care: what is quoted is a token too, and has no
 * separator in it.
 */
function partsOf(text: string, separator: string): string[] {
  return text.split(separator).map(trimBlanks);
}
