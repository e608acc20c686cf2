// Helpers for what hooks change: noticing that a head was edited, and making lengths right for a new body.

import type { HttpFlow } from "../flow/record.ts";
import type { Head } from "../http/head.ts";

/** Everything of a flow's heads that a hook may edit, as text: equal before and after means unedited. */
export function headText(flow: HttpFlow): string {
  const { head } = flow.request;
  let text = `${head.method} ${head.target} ${head.path} ${flow.scheme} ${flow.host} ${flow.port}`;
  for (const [name, value] of head.fields) text += `\n${name}: ${value}`;
  const response = flow.response?.head;
  if (response === undefined) return text;
  text += `\n${response.status} ${response.reason}`;
  for (const [name, value] of response.fields) text += `\n${name}: ${value}`;
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
