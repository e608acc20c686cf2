// Properties of heads: what is written reads as it was; whatever comes, reading does not throw, and what comes through
// can be written for either version and read strictly as what it was.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Fields } from "../../lib/http/fields.ts";
import type { Head } from "../../lib/http/head.ts";
import type { HeadNote } from "../../lib/http2/head_fault.ts";
import {
  type RequestWriting,
  writeRequestHead,
  writeResponseHead,
  writeTrailers,
} from "../../lib/http2/head_writer.ts";
import { readRequestHead } from "../../lib/http2/request_reader.ts";
import { readResponseHead } from "../../lib/http2/response_reader.ts";
import { readTrailers } from "../../lib/http2/trailers_reader.ts";
import { connectHeads, nearlyHeads, requestHeads, responseHeads, trailers } from "./head_arbitraries.ts";
import { blockOf, linesOf, ListSink } from "./head_lists.ts";

const options: RequestWriting = { own: false, extendedConnect: true, scheme: "https" };
const runs = { numRuns: 1000 };
/** So many of them must get beyond the reader, or the property says little. */
const fewest = 50;

/** With its fields as lines: their list is private, and would not be compared. */
function plain<T extends Head>(head: T): unknown {
  return { ...head, fields: linesOf(head.fields), never: head.fields.neverIndexed };
}

function lowered(fields: Fields): string[] {
  return Array.from(fields, ([name, value]) => `${name.toLowerCase()}: ${value}`);
}

Deno.test("property: a request that is written is read as it was", () => {
  fc.assert(
    fc.property(requestHeads, ({ head, end }) => {
      const sink = new ListSink();
      writeRequestHead(head, options, sink);
      const again = readRequestHead(sink.block(), end, false);
      assert.ok(again.kind === "request", JSON.stringify(again));
      assert.deepEqual(plain(again), plain(head));
    }),
    runs,
  );
});

Deno.test("property: a CONNECT that is written is read as it was", () => {
  fc.assert(fc.property(connectHeads, fc.boolean(), (head, end) => {
    const sink = new ListSink();
    writeRequestHead(head, options, sink);
    const again = readRequestHead(sink.block(), end, true);
    assert.ok(again.kind === "request", JSON.stringify(again));
    assert.deepEqual(plain(again), plain(head));
  }));
});

Deno.test("property: a response that is written is read as it was", () => {
  fc.assert(
    fc.property(responseHeads, ({ head, end }) => {
      const sink = new ListSink();
      writeResponseHead(head, false, sink, "GET");
      const notes: HeadNote[] = [];
      const again = readResponseHead(sink.block(), end, "GET", notes);
      assert.ok(again.kind === "response", JSON.stringify(again));
      assert.deepEqual(plain(again), plain(head));
      assert.deepEqual(notes, []);
    }),
    runs,
  );
});

Deno.test("property: trailers that are written are read as they were", () => {
  fc.assert(fc.property(trailers, (fields) => {
    const sink = new ListSink();
    writeTrailers(fields, false, sink);
    const again = readTrailers(sink.block(), "client", []);
    assert.ok(again instanceof Fields, JSON.stringify(again));
    assert.deepEqual(linesOf(again), linesOf(fields));
    assert.deepEqual(again.neverIndexed, fields.neverIndexed);
  }));
});

Deno.test("property: any list: reading never throws, and what is a request can be passed on", () => {
  let read = 0;
  fc.assert(
    fc.property(nearlyHeads, fc.boolean(), fc.boolean(), (list, end, extended) => {
      const head = readRequestHead(blockOf(list), end, extended);
      if (head.kind === "malformed") return;
      read++;
      const sink = new ListSink();
      writeRequestHead(head, options, sink);
      const again = readRequestHead(sink.block(), end, extended);
      assert.ok(again.kind === "request", JSON.stringify(again));
      assert.deepEqual({ ...again, fields: null }, { ...head, fields: null });
    }),
    runs,
  );
  assert.ok(read > fewest, `only ${read} of the lists were a request`);
});

Deno.test("property: any list: reading never throws, and what is a response is legal once passed on", () => {
  let read = 0;
  const methods = fc.constantFrom("GET", "HEAD", "CONNECT");
  fc.assert(
    fc.property(nearlyHeads, fc.boolean(), methods, (list, end, method) => {
      const head = readResponseHead(blockOf(list), end, method, []);
      if (head.kind === "malformed") return;
      read++;
      const sink = new ListSink();
      writeResponseHead(head, false, sink, method);
      const notes: HeadNote[] = [];
      const again = readResponseHead(sink.block(), end, method, notes);
      assert.ok(again.kind === "response", JSON.stringify(again));
      assert.equal(again.framing, head.framing);
      assert.equal(again.contentLength, head.contentLength);
      const others = lowered(head.fields).filter((line) => !line.startsWith("content-length"));
      assert.deepEqual(linesOf(again.fields).filter((line) => !line.startsWith("content-length")), others);
      // What HTTP/1 does not mind either stays as it came; all else is put right.
      const left = /^(control-character-in-value|content-length-without-body)$/;
      assert.deepEqual(notes.filter((note) => !left.test(note.code)), []);
    }),
    runs,
  );
  assert.ok(read > fewest, `only ${read} of the lists were a response`);
});

Deno.test("property: any list: reading trailers never throws, and they can be passed on", () => {
  fc.assert(
    fc.property(nearlyHeads, fc.constantFrom("client" as const, "server" as const), (list, peer) => {
      const regular = list.filter(([name]) => !name.startsWith(":"));
      const fields = readTrailers(blockOf(regular), peer, []);
      if (!(fields instanceof Fields)) return;
      const sink = new ListSink();
      writeTrailers(fields, false, sink);
      const notes: HeadNote[] = [];
      assert.ok(readTrailers(sink.block(), "server", notes) instanceof Fields);
      assert.deepEqual(notes.filter((note) => note.code !== "control-character-in-value"), []);
    }),
    runs,
  );
});

Deno.test("property: any fields: the writers give the encoder what is legal, or throw and give nothing", () => {
  const version = fc.constantFrom("HTTP/1.0" as const, "HTTP/1.1" as const, "HTTP/2.0" as const);
  fc.assert(
    fc.property(requestHeads, nearlyHeads, version, fc.boolean(), ({ head }, list, version, own) => {
      const fields = Fields.of(...list);
      const sink = new ListSink();
      try {
        writeRequestHead({ ...head, version, fields }, { ...options, own }, sink);
      } catch (error) {
        assert.ok(error instanceof TypeError);
        assert.deepEqual(sink.list, []);
        return;
      }
      const again = readRequestHead(sink.block(), false, true);
      // Control characters that end no line are nobody's business but the peers'.
      assert.ok(
        again.kind === "request" || again.message.includes("control character"),
        JSON.stringify(again),
      );
    }),
    runs,
  );
});
