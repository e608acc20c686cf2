// Recorded messages as bytes in the form of HTTP/1 (RFC 9112), and the bytes of one side of a conversation.
// Invariants: nothing is changed: start line, fields, their order and spelling, the body with its content coding are
// those of the record, and what was not captured is missing. Only what HTTP/2 says otherwise is put in words of HTTP/1.

import { PieceList } from "../bytes/piece_list.ts";
import { latin1Encode } from "../bytes/latin1.ts";
import type { Flow, HttpFlow, RequestRecord, ResponseRecord } from "../flow/record.ts";
import type { Fields } from "../http/fields.ts";
import type { Head } from "../http/head.ts";
import { reasonPhrase } from "../http/reason_phrases.ts";

/** The request. A chunked body is one chunk; it has its last chunk, and trailers, only if all of it was captured. */
export function rawRequest(flow: HttpFlow): Uint8Array {
  const bytes = new PieceList();
  appendMessage(bytes, flow.request);
  return bytes.bytes();
}

/** The interim responses and the response, one after the other; nothing when there was none. */
export function rawResponse(flow: HttpFlow): Uint8Array {
  const bytes = new PieceList();
  for (const { head } of flow.interim) bytes.append(latin1Encode(headText(head, head.fields)));
  if (flow.response !== null) appendMessage(bytes, flow.response);
  return bytes.bytes();
}

/** What one side of a tunnel got from the other, as far as it was captured: what was dropped is not among it. */
export function rawMessages(flow: Flow, fromClient: boolean): Uint8Array {
  const bytes = new PieceList();
  for (const message of flow.messages ?? []) {
    if (message.fromClient === fromClient && !message.dropped) bytes.append(message.content);
  }
  return bytes.bytes();
}

/** How many bytes a head had on the wire, its empty line included; -1 for HTTP/2, whose heads are compressed. */
export function headSize(head: Head): number {
  return head.version === "HTTP/2.0" ? -1 : headText(head, head.fields).length;
}

function appendMessage(bytes: PieceList, { head, body, trailers, endedAt }: RequestRecord | ResponseRecord) {
  const chunked = isChunked(head, body.length, trailers);
  const content = body.bytes();
  bytes.append(latin1Encode(headText(head, chunked ? chunkedFields(head) : head.fields)));
  if (!chunked) return bytes.append(content);
  if (content.length > 0) {
    bytes.append(latin1Encode(`${content.length.toString(16)}\r\n`));
    bytes.append(content);
    bytes.append(latin1Encode("\r\n"));
  }
  // RFC 9112, 8: a message without its last chunk is incomplete, and so is this one.
  if (body.truncated || endedAt === null) return;
  bytes.append(latin1Encode(`0\r\n${fieldLines(trailers)}\r\n`));
}

/** RFC 9112, 6.3 and 7.1.2: trailers, and the end of a request whose length is not said, need chunks. */
function isChunked(head: Head, length: number, trailers: Fields | null): boolean {
  if (head.framing === "chunked") return true;
  if (trailers !== null && trailers.length > 0) return true;
  return head.framing === "stream" && head.kind === "request" && length > 0;
}

/** With Transfer-Encoding, if it was not there, and then without Content-Length (RFC 9112, 6.2). */
function chunkedFields(head: Head): Fields {
  if (head.framing === "chunked") return head.fields;
  const fields = head.fields.clone();
  fields.delete("content-length");
  fields.set(head.version === "HTTP/2.0" ? "transfer-encoding" : "Transfer-Encoding", "chunked");
  return fields;
}

function headText(head: Head, fields: Fields): string {
  if (head.kind === "response") {
    const reason = head.version === "HTTP/2.0" ? reasonPhrase(head.status) : head.reason;
    return `${head.version} ${head.status} ${reason}\r\n${fieldLines(fields)}\r\n`;
  }
  const lines = head.version === "HTTP/2.0" ? pseudoFields(head.authority, head.protocol, fields) : "";
  return `${head.method} ${head.target} ${head.version}\r\n${lines}${fieldLines(fields)}\r\n`;
}

/** RFC 9113, 8.3.1: Host from :authority; RFC 8441, 5: Upgrade from :protocol. */
function pseudoFields(authority: string, protocol: string | null, fields: Fields): string {
  const host = authority === "" || fields.has("host") ? "" : `Host: ${authority}\r\n`;
  return protocol === null ? host : `${host}Upgrade: ${protocol}\r\n`;
}

function fieldLines(fields: Fields | null): string {
  let text = "";
  for (const [name, value] of fields ?? []) text += `${name}: ${value}\r\n`;
  return text;
}
