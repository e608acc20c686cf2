// Helpers for what hooks change: noticing that a head was edited, and making lengths right for a new body.

import type { HttpFlow } from "../flow/record.ts";
import type { Fields } from "../http/fields.ts";
import type { Head, ResponseHead } from "../http/head.ts";

/** Everything of a flow's heads and trailers that a hook may edit, as text: equal before and after means unedited. */
export function headText(flow: HttpFlow): string {
  const { request, interim, response } = flow;
  const { head } = request;
  const text = `${head.method} ${head.target} ${head.path} ${flow.scheme} ${flow.host} ${flow.port}` +
    fieldsText(head.fields) + fieldsText(request.trailers);
  const last = interim.at(-1);
  const interimText = last === undefined ? "" : responseText(last.head);
  if (response === null) return text + interimText;
  return text + interimText + responseText(response.head) + fieldsText(response.trailers);
}

function responseText(head: ResponseHead): string {
  return `\n\n${head.status} ${head.reason}${fieldsText(head.fields)}`;
}

function fieldsText(fields: Fields | null): string {
  let text = "\n";
  for (const [name, value] of fields ?? []) text += `\n${name}: ${value}`;
  return text;
}

/** Makes a head fit a body of `length` bytes: RFC 9110, 8.6. Chunked stays chunked. */
export function withBody(head: Head, length: number): void {
  if (head.framing === "chunked") return;
  if (head.framing === "none" && length === 0) return;
  head.fields.set("Content-Length", String(length));
  head.framing = "length";
  head.contentLength = length;
}
