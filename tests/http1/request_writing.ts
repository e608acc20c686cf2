// Rows of requests to write: the head and what follows it, and the bytes that go out.

import assert from "node:assert/strict";
import type { HttpEvent } from "../../lib/http/connection.ts";
import type { RequestHead } from "../../lib/http/head.ts";
import { Http1Client } from "../../lib/http1/client.ts";
import type { Http1Options } from "../../lib/http1/limits.ts";
import { bytesOf, requestHead, strict, takeText } from "./drive.ts";

export interface Row {
  name: string;
  rule: string;
  method?: string;
  target?: string;
  head: Partial<RequestHead>;
  options?: Http1Options;
  /** What follows the head; null: the head is the end. */
  body: HttpEvent[] | null;
  text: string;
}

export const data = (text: string, end: boolean, extension?: string): HttpEvent => ({
  kind: "data",
  stream: 1,
  data: bytesOf(text),
  credit: text.length,
  end,
  ...(extension === undefined ? {} : { extension }),
});

export function testRows(rows: readonly Row[]): void {
  for (const row of rows) {
    Deno.test(`request writer: ${row.name} (${row.rule})`, () => {
      const client = new Http1Client(row.options ?? strict);
      assert.equal(client.openStream(), 1);
      const head = requestHead(row.method ?? "GET", row.target ?? "/", row.head);
      const before = [...head.fields];
      client.send({ kind: "head", stream: 1, head, end: row.body === null });
      for (const event of row.body ?? []) client.send(event);
      assert.equal(takeText(client), row.text);
      assert.deepEqual([...head.fields], before, "the head given is not changed");
    });
  }
}
