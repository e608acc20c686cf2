// Rows of responses to write: the events sent, the bytes that go out, and whether the connection goes on after them.

import assert from "node:assert/strict";
import type { HttpEvent } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { ResponseHead } from "../../lib/http/head.ts";
import type { Http1Options } from "../../lib/http1/limits.ts";
import { bytesOf, responseHead, serverAfter, strict, takeText } from "./drive.ts";

export type More = Partial<ResponseHead>;

export interface Row {
  name: string;
  rule: string;
  request?: string;
  options?: Http1Options;
  events: HttpEvent[];
  text: string;
  closing: boolean;
}

export const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
export const getClose = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
export const get10 = "GET / HTTP/1.0\r\n\r\n";
export const get10Keep = "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
export const headRequest = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";

export const head = (status: number, more: More, end = false): HttpEvent => ({
  kind: "head",
  stream: 1,
  head: responseHead(status, more),
  end,
});
export const data = (text: string, end: boolean, extension?: string): HttpEvent => ({
  kind: "data",
  stream: 1,
  data: bytesOf(text),
  credit: text.length,
  end,
  ...(extension === undefined ? {} : { extension }),
});
export const length = (count: number, ...fields: [string, string][]): More => ({
  framing: "length",
  contentLength: count,
  fields: Fields.of(...fields, ["Content-Length", String(count)]),
});
export const chunked = (...fields: [string, string][]): More => ({
  framing: "chunked",
  fields: Fields.of(...fields, ["Transfer-Encoding", "chunked"]),
});
export const http2 = (framing: ResponseHead["framing"], ...fields: [string, string][]): More => ({
  version: "HTTP/2.0",
  reason: "",
  framing,
  fields: Fields.of(...fields),
});

export function testRows(rows: readonly Row[]): void {
  for (const row of rows) {
    Deno.test(`response writer: ${row.name} (${row.rule})`, () => {
      const server = serverAfter(row.request ?? get, row.options ?? strict);
      for (const event of row.events) {
        assert.equal(server.closing, false, "closing before the end of the response");
        server.send(event);
      }
      assert.equal(takeText(server), row.text);
      assert.equal(server.closing, row.closing);
      assert.equal(server.aborted, false);
    });
  }
}
