// Drives a codec in tests: feeds pieces the way the driver does, and writes events as short texts that are the
// same however the input was cut.

import assert from "node:assert/strict";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import type { HttpConnection, HttpEvent, Signal } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead, ResponseHead } from "../../lib/http/head.ts";
import { Http1Client } from "../../lib/http1/client.ts";
import type { Http1Options } from "../../lib/http1/limits.ts";
import { Http1Server } from "../../lib/http1/server.ts";

/** A row's text to bytes: each character one byte. */
export const bytesOf = latin1Encode;

export const strict: Http1Options = { lenient: false, hopByHop: "keep" };
export const lenient: Http1Options = { lenient: true, hopByHop: "keep" };
export const own: Http1Options = { lenient: false, hopByHop: "own" };

/** Collects what `next()` says, as texts; neighbouring pieces of a body become one. */
export class Log {
  readonly lines: string[] = [];
  credit = 0;
  #body: { stream: number; text: string } | null = null;

  add(event: HttpEvent | Signal): void {
    if (event.kind === "data") return this.#data(event);
    this.#flush();
    this.lines.push(describe(event));
  }

  /** All lines so far. */
  texts(): string[] {
    this.#flush();
    return this.lines;
  }

  #data(event: HttpEvent & { kind: "data" }): void {
    if (event.extension !== undefined) {
      this.#flush();
      this.lines.push(`#${event.stream} extension ${event.extension}`);
    }
    this.credit += event.credit;
    this.#body ??= { stream: event.stream, text: "" };
    this.#body.text += latin1Decode(event.data);
    if (event.end) {
      this.#flush();
      this.lines.push(`#${event.stream} end`);
    }
  }

  #flush(): void {
    if (this.#body !== null && this.#body.text !== "") {
      this.lines.push(`#${this.#body.stream} body ${JSON.stringify(this.#body.text)}`);
    }
    this.#body = null;
  }
}

export function describe(event: HttpEvent | Signal): string {
  switch (event.kind) {
    case "head": {
      const { head } = event;
      const start = head.kind === "request"
        ? `${head.method} ${head.target} ${head.version}`
        : `${head.version} ${head.status} ${head.reason}`;
      const length = head.framing === "length" ? ` ${head.contentLength}` : "";
      return `#${event.stream} ${start} ${fieldsText(head.fields)} ${head.framing}${length}${
        event.end ? " end" : ""
      }`;
    }
    case "data":
      return `#${event.stream} data ${JSON.stringify(latin1Decode(event.data))}${event.end ? " end" : ""}`;
    case "trailers": {
      const extension = event.extension === undefined ? "" : ` extension ${event.extension}`;
      return `#${event.stream} trailers ${fieldsText(event.fields)}${extension}`;
    }
    case "reset":
      return `#${event.stream} reset ${event.fault.code} ${event.fault.status}`;
    case "fault":
      return `fault ${event.fault.code} ${event.fault.status}`;
    case "note":
      return `note ${event.note.code}`;
    case "ended":
      return "ended";
    case "writable":
      return `#${event.stream} writable`;
    case "offers":
    case "push":
    case "priority":
      return event.kind;
  }
}

function fieldsText(fields: Fields): string {
  return "{" + [...fields].map(([name, value]) => `${name}: ${value}`).join(" | ") + "}";
}

/** One turn: takes a piece, says what comes of it, gives credit back, and then overwrites the piece (it was borrowed). */
export function feed(
  connection: HttpConnection,
  piece: Uint8Array | null,
  log: Log,
  onEvent: (event: HttpEvent | Signal) => void = () => {},
): void {
  if (piece === null) connection.receiveEnd();
  else connection.receive(piece);
  drain(connection, log, onEvent);
  piece?.fill(0xaa);
}

/** Calls `next()` until it has nothing to say. */
export function drain(
  connection: HttpConnection,
  log: Log,
  onEvent: (event: HttpEvent | Signal) => void = () => {},
): void {
  for (let event = connection.next(); event !== null; event = connection.next()) {
    log.add(event);
    if (event.kind === "data") connection.consume(event.stream, event.credit);
    onEvent(event);
  }
}

/** All that waits to be written, as text. */
export function takeText(connection: HttpConnection): string {
  const view = connection.output.take();
  if (view === null) return "";
  const text = latin1Decode(view);
  connection.output.release();
  return text;
}

export function requestHead(method: string, target: string, more: Partial<RequestHead> = {}): RequestHead {
  return {
    kind: "request",
    version: "HTTP/1.1",
    method,
    target,
    targetForm: "origin",
    scheme: "",
    authority: "a",
    path: target,
    protocol: null,
    framing: "none",
    contentLength: null,
    fields: Fields.of(["Host", "a"]),
    ...more,
  };
}

export function responseHead(status: number, more: Partial<ResponseHead> = {}): ResponseHead {
  return {
    kind: "response",
    version: "HTTP/1.1",
    status,
    reason: "OK",
    framing: "none",
    contentLength: null,
    fields: new Fields(),
    ...more,
  };
}

/** A server that has read `request` to its end, on stream 1. */
export function serverAfter(request: string, options: Http1Options = strict): Http1Server {
  const server = new Http1Server(options);
  feed(server, bytesOf(request), new Log());
  return server;
}

/** A client that has sent a request with `method` and no body, on stream 1. */
export function clientAfter(
  method: string,
  options: Http1Options = strict,
  more: Partial<RequestHead> = {},
): Http1Client {
  const client = new Http1Client(options);
  const stream = client.openStream();
  assert.equal(stream, 1);
  const target = method === "CONNECT" ? "a:443" : "/";
  client.send({ kind: "head", stream: 1, head: requestHead(method, target, more), end: true });
  takeText(client);
  return client;
}
