// llhttp, Node's HTTP/1 parser, as an independent second reader of the same bytes. Strict, as Node uses it.

import { Buffer } from "node:buffer";
// @ts-types="./llhttp_types.ts"
import { HTTPParser, methods } from "node:_http_common";

export interface LlhttpMessage {
  /** Requests only. */
  method: string;
  target: string;
  /** Responses only. */
  status: number;
  fields: [name: string, value: string][];
  trailers: [name: string, value: string][];
  body: string;
  complete: boolean;
}

export interface LlhttpResult {
  messages: LlhttpMessage[];
  /** The name of what is wrong, or null. */
  error: string | null;
  /** Bytes read; less than given after an upgrade or an error. */
  consumed: number;
}

/** Reads `text` (each character one byte). `end`: the connection ends behind it. `noBody`: as the answer to HEAD. */
export function readWithLlhttp(
  kind: "request" | "response",
  text: string,
  { end = false, noBody = false }: { end?: boolean; noBody?: boolean } = {},
): LlhttpResult {
  const parser = new HTTPParser();
  parser.initialize(kind === "request" ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {});
  const messages: LlhttpMessage[] = [];
  // Long heads come in pieces, the last one with the start line; what comes after that is trailers.
  let early: string[] = [];
  let inBody = false;
  parser[HTTPParser.kOnHeaders] = (list: string[]) => {
    if (inBody) messages.at(-1)?.trailers.push(...pairs(list));
    else early.push(...list);
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    list: string[] | undefined,
    method: number | undefined,
    target: string | undefined,
    status: number | undefined,
  ) => {
    const fields = pairs([...early, ...list ?? []]);
    early = [];
    inBody = true;
    messages.push({
      method: method === undefined ? "" : methods[method] ?? "",
      target: target ?? "",
      status: status ?? 0,
      fields,
      trailers: [],
      body: "",
      complete: false,
    });
    return noBody ? 1 : 0;
  };
  parser[HTTPParser.kOnBody] = (piece: Buffer) => {
    const message = messages.at(-1);
    if (message !== undefined) message.body += piece.toString("latin1");
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    const message = messages.at(-1);
    if (message !== undefined) message.complete = true;
    inBody = false;
  };
  const bytes = Buffer.from(text, "latin1");
  let result = parser.execute(bytes);
  const consumed = typeof result === "number" ? result : result.bytesParsed ?? 0;
  if (end && typeof result === "number") result = parser.finish() ?? 0;
  parser.close();
  return { messages, error: typeof result === "number" ? null : result.code ?? "unknown", consumed };
}

/** The methods llhttp knows; it refuses all others. */
export const llhttpMethods: ReadonlySet<string> = new Set(methods);

function pairs(list: string[]): [name: string, value: string][] {
  const lines: [string, string][] = [];
  for (let index = 0; index + 1 < list.length; index += 2) {
    lines.push([list[index] ?? "", list[index + 1] ?? ""]);
  }
  return lines;
}
