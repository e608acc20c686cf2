// Responses mitm makes itself: short pages that say what happened and what to do, and answers from hooks.

import { Fields } from "../http/fields.ts";
import type { RequestHead, ResponseHead } from "../http/head.ts";
import { reasonPhrase } from "../http/reason_phrases.ts";
import type { Answer } from "../hooks/hooks.ts";

/** A complete response: head and body. */
export interface CompleteResponse {
  head: ResponseHead;
  body: Uint8Array;
  trailers: Fields | null;
}

/** What goes to a client of HTTP/2 is of that version, ours too (RFC 9113, 8.3.2: it has no reason phrase). */
export function inVersionOf(request: RequestHead, head: ResponseHead): ResponseHead {
  return request.version === "HTTP/2.0" ? { ...head, version: "HTTP/2.0", reason: "" } : head;
}

/** A short HTML page for a failure. `message` is one sentence for a person; it is escaped. */
export function errorPage(status: number, message: string, rule: string | null): CompleteResponse {
  const reason = reasonPhrase(status);
  const ruleText = rule === null ? "" : `<p>Rule: ${escapeHtml(rule)}</p>\n`;
  const html = '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">' +
    `<title>${status} ${reason}</title></head>\n<body><h1>${status} ${reason}</h1>\n` +
    `<p>${
      escapeHtml(message)
    }</p>\n${ruleText}<p><small>This page comes from mitm, not from the server.</small></p></body></html>\n`;
  return response(
    status,
    reason,
    [["Content-Type", "text/html; charset=utf-8"]],
    new TextEncoder().encode(html),
  );
}

/** A complete response with its length. */
export function response(
  status: number,
  reason: string,
  fields: [name: string, value: string][],
  body: Uint8Array,
): CompleteResponse {
  return {
    head: {
      kind: "response",
      version: "HTTP/1.1",
      status,
      reason,
      framing: "length",
      contentLength: body.length,
      fields: Fields.of(...fields, ["Content-Length", String(body.length)]),
    },
    body,
    trailers: null,
  };
}

/** RFC 9110, 15.2.1. */
export function continueHead(): ResponseHead {
  return {
    kind: "response",
    version: "HTTP/1.1",
    status: 100,
    reason: "Continue",
    framing: "none",
    contentLength: null,
    fields: new Fields(),
  };
}

/** What a hook answered, with its lengths made right. Throws on a status that ends no exchange. */
export function responseFromAnswer(answer: Answer): CompleteResponse {
  if (answer.status < 200) throw new RangeError(`${answer.status} is not the status of a final response`);
  const fields = answer.fields?.clone() ?? new Fields();
  const body = answer.body ?? new Uint8Array(0);
  const trailers = answer.trailers ?? null;
  const bodyless = answer.status === 204 || answer.status === 304;
  fields.delete("Transfer-Encoding");
  if (trailers !== null) {
    fields.delete("Content-Length");
    fields.append("Transfer-Encoding", "chunked");
  } else if (!bodyless) fields.set("Content-Length", String(body.length));
  return {
    head: {
      kind: "response",
      version: "HTTP/1.1",
      status: answer.status,
      reason: answer.reason ?? reasonPhrase(answer.status),
      framing: trailers !== null ? "chunked" : bodyless ? "none" : "length",
      contentLength: trailers !== null || bodyless ? null : body.length,
      fields,
    },
    body: bodyless ? new Uint8Array(0) : body,
    trailers,
  };
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
