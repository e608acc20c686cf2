// Responses as bytes, and what the client role says of them (RFC 9112, 2, 4, 6; RFC 9110, 15).

import assert from "node:assert/strict";
import { cuts } from "../kit/cuts.ts";
import { bytesOf, clientAfter, feed, lenient, Log, strict } from "./drive.ts";
import { type ResponseRow, responseRows } from "./response_rows.ts";

function run(row: ResponseRow, pieces: Uint8Array[]): string[] {
  const protocol = row.protocol ?? null;
  const client = clientAfter(row.method ?? "GET", row.lenient === true ? lenient : strict, { protocol });
  const log = new Log();
  for (const piece of pieces) feed(client, piece, log);
  if (row.end === true) feed(client, null, log);
  return log.texts();
}

for (const row of responseRows) {
  Deno.test(`response: ${row.name} (${row.rule})`, () => {
    const bytes = bytesOf(row.bytes);
    for (const pieces of cuts(bytes)) {
      const sizes = pieces.length <= 2 ? pieces.map((piece) => piece.length).join("+") : "pieces";
      assert.deepEqual(run(row, pieces), row.events, `cut ${sizes}`);
    }
    if (row.end === true) return;
    const last = row.events.at(-1) ?? "";
    // Held for tunnel(), or dropped after a fault; else no request asked for it.
    const unasked = last.endsWith(" end") || last.includes("trailers");
    const junk = [bytesOf(row.bytes + "HTTP/1.1 200 OK\r\n\r\n")];
    assert.deepEqual(run(row, junk), unasked ? [...row.events, "fault unexpected-response 502"] : row.events);
  });
}
