// Requests as bytes, and what the server role says of them (RFC 9112, 2, 3, 5; RFC 9110, 4, 5, 7).

import assert from "node:assert/strict";
import { Http1Server } from "../../lib/http1/server.ts";
import { cuts } from "../kit/cuts.ts";
import { bytesOf, feed, lenient, Log, strict } from "./drive.ts";
import { bodyAttackRows } from "./chunked_attack_rows.ts";
import { attackRows } from "./request_attack_rows.ts";
import { type RequestRow, requestRows } from "./request_rows.ts";

function run(row: RequestRow, bytes: Uint8Array, pieces: Uint8Array[]): Log {
  const server = new Http1Server(row.lenient === true ? lenient : strict);
  const log = new Log();
  for (const piece of pieces) {
    feed(server, piece, log);
    assert.equal(server.wantsRead, true, "the input of a row never fills a window");
  }
  if (row.end === true) feed(server, null, log);
  assert.ok(log.credit >= 0 && log.credit <= bytes.length);
  return log;
}

for (const row of [...requestRows, ...attackRows, ...bodyAttackRows]) {
  Deno.test(`request: ${row.name} (${row.rule})`, () => {
    const expected = "fault" in row ? [...row.before ?? [], `#1 reset ${row.fault}`] : row.events;
    const bytes = bytesOf(row.bytes);
    for (const pieces of cuts(bytes)) {
      const sizes = pieces.length <= 2 ? pieces.map((piece) => piece.length).join("+") : "pieces";
      assert.deepEqual(run(row, bytes, pieces).texts(), expected, `cut ${sizes}`);
    }
    if (row.end === true || row.noJunk === true) return;
    // What follows waits for the response, or is dropped after a fault: it changes nothing.
    const junk = bytesOf(row.bytes + "\0junk \x80\r\n\r\n");
    assert.deepEqual(run(row, junk, [junk]).texts(), expected, "trailing junk");
  });
}
