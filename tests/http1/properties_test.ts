// Properties of the codec: what is encoded is decoded, nothing throws, cuts do not matter, credit is exact.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { HttpEvent } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import { Http1Client } from "../../lib/http1/client.ts";
import type { Http1Options } from "../../lib/http1/limits.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { cutAt } from "../kit/cuts.ts";
import {
  bodyPieces,
  fieldLines,
  nearlyRequests,
  nearlyResponses,
  offsets,
  target,
  token,
} from "./arbitraries.ts";
import {
  bytesOf,
  clientAfter,
  feed,
  lenient,
  Log,
  own,
  requestHead,
  responseHead,
  strict,
  takeText,
} from "./drive.ts";
import { forwardRequests, forwardResponses } from "./forwarding.ts";

const methods = token.filter((method) => method !== "CONNECT" && method !== "HEAD");

type Piece = { data: Uint8Array; extension: string | undefined };

/** The events that carry `pieces`, and what a reader should say of them. */
function bodyEvents(
  framing: "length" | "chunked",
  pieces: Piece[],
  trailers: [string, string][],
): { events: HttpEvent[]; log: Log } {
  const events: HttpEvent[] = pieces.map(({ data, extension }) => ({
    kind: "data",
    stream: 1,
    data,
    credit: data.length,
    end: false,
    ...(framing === "chunked" && extension !== undefined ? { extension } : {}),
  }));
  if (framing === "chunked" && trailers.length > 0) {
    events.push({ kind: "trailers", stream: 1, fields: Fields.of(...trailers) });
  } else if (framing === "chunked" || events.length === 0) {
    events.push({ kind: "data", stream: 1, data: new Uint8Array(0), credit: 0, end: true });
  } else {
    const last = events.at(-1);
    if (last?.kind === "data") last.end = true;
  }
  const log = new Log();
  for (const event of events) log.add(event);
  return { events, log };
}

function framed(framing: "length" | "chunked", pieces: Piece[], lines: [string, string][]): {
  framing: "length" | "chunked";
  contentLength: number | null;
  fields: Fields;
} {
  const length = pieces.reduce((sum, { data }) => sum + data.length, 0);
  const fields = Fields.of(...lines);
  if (framing === "length") fields.append("Content-Length", String(length));
  else fields.append("Transfer-Encoding", "chunked");
  return { framing, contentLength: framing === "length" ? length : null, fields };
}

const framings = fc.constantFrom<"length" | "chunked">("length", "chunked");

Deno.test("property: a request that is written is read as it was", () => {
  fc.assert(fc.property(
    methods,
    target,
    fieldLines,
    framings,
    bodyPieces,
    fieldLines,
    offsets,
    (method, path, lines, framing, pieces, trailers, cut) => {
      const client = new Http1Client(strict);
      client.openStream();
      const body = bodyEvents(framing, pieces, trailers);
      const head = requestHead(method, path, framed(framing, pieces, [["Host", "a"], ...lines]));
      const expected = new Log();
      const empty = head.contentLength === 0;
      expected.add({ kind: "head", stream: 1, head, end: empty });
      client.send({ kind: "head", stream: 1, head, end: false });
      for (const event of body.events) client.send(event);
      const server = new Http1Server(strict);
      const log = new Log();
      for (const piece of cutAt(bytesOf(takeText(client)), cut)) feed(server, piece, log);
      const said = empty ? expected.texts() : [...expected.texts(), ...body.log.texts()];
      assert.deepEqual(log.texts(), said);
    },
  ));
});

Deno.test("property: a response that is written is read as it was", () => {
  fc.assert(fc.property(
    fc.integer({ min: 200, max: 999 }).filter((status) => status !== 204 && status !== 304),
    fieldLines,
    framings,
    bodyPieces,
    fieldLines,
    offsets,
    (status, lines, framing, pieces, trailers, cut) => {
      const server = new Http1Server(strict);
      feed(server, bytesOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), new Log());
      const body = bodyEvents(framing, pieces, trailers);
      const head = responseHead(status, framed(framing, pieces, lines));
      const expected = new Log();
      const empty = head.contentLength === 0;
      expected.add({ kind: "head", stream: 1, head, end: empty });
      server.send({ kind: "head", stream: 1, head, end: false });
      for (const event of body.events) server.send(event);
      const client = clientAfter("GET");
      const log = new Log();
      for (const piece of cutAt(bytesOf(takeText(server)), cut)) feed(client, piece, log);
      const said = empty ? expected.texts() : [...expected.texts(), ...body.log.texts()];
      assert.deepEqual(log.texts(), said);
      assert.equal(client.canOpen, true);
    },
  ));
});

/** Feeds the pieces and the end, answering nothing; asserts the bounds; gives what was said. */
function said(connection: Http1Server | Http1Client, pieces: Uint8Array[], total: number): string[] {
  const log = new Log();
  for (const piece of pieces) feed(connection, piece, log);
  feed(connection, null, log);
  const before = log.texts().length;
  feed(connection, null, log);
  assert.equal(log.texts().length, before, "nothing follows the end");
  assert.ok(log.credit <= total, "no more credit than bytes came");
  assert.equal(log.texts().filter((text) => text === "ended").length <= 1, true);
  return log.texts();
}

const runs = { numRuns: 1000 };
const modes: [string, Http1Options][] = [["strict", strict], ["lenient", lenient], ["own", own]];

for (const [name, options] of modes) {
  Deno.test(`property: any bytes in any cuts: server, ${name}`, () => {
    fc.assert(
      fc.property(nearlyRequests, offsets, (text, cut) => {
        const bytes = bytesOf(text);
        const whole = said(new Http1Server(options), [bytes.slice()], bytes.length);
        assert.deepEqual(said(new Http1Server(options), cutAt(bytes, cut), bytes.length), whole);
      }),
      runs,
    );
  });

  Deno.test(`property: any bytes in any cuts: client, ${name}`, () => {
    const make = (method: string): Http1Client =>
      clientAfter(method, options, { protocol: method === "GET" ? "x" : null });
    const sent = fc.constantFrom("GET", "HEAD", "CONNECT", "POST");
    fc.assert(
      fc.property(sent, nearlyResponses, offsets, (method, text, cut) => {
        const bytes = bytesOf(text);
        const whole = said(make(method), [bytes.slice()], bytes.length);
        assert.deepEqual(said(make(method), cutAt(bytes, cut), bytes.length), whole);
      }),
      runs,
    );
  });
}

Deno.test("property: pipelined requests answered at once are told the same in any cuts", () => {
  const answering = (pieces: Uint8Array[]): string[] => {
    const server = new Http1Server(lenient);
    const log = new Log();
    const answer = (stream: number): void =>
      server.send({ kind: "head", stream, head: responseHead(204), end: true });
    for (const piece of [...pieces, null]) {
      feed(server, piece, log, (event) => {
        if (event.kind === "reset" || ("end" in event && event.end) || event.kind === "trailers") {
          answer(event.stream);
        }
      });
    }
    assert.equal(server.closing, true, "after the end everything is answered");
    return [...log.texts(), takeText(server)];
  };
  const requests = fc.array(
    fc.constantFrom(
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\r\nGET /2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
      "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n1;x\na\n0\nt: u\n\n",
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "junk\r\n\r\n",
      "GET / HT",
    ),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(requests, offsets, (texts, cut) => {
      const bytes = bytesOf(texts.join(""));
      assert.deepEqual(answering(cutAt(bytes, cut)), answering([bytes.slice()]));
    }),
    { numRuns: 500 },
  );
});

for (const [name, options] of modes) {
  Deno.test(`property: what is forwarded reads as what was read: requests, ${name}`, () => {
    fc.assert(
      fc.property(nearlyRequests, offsets, (text, cut) => {
        const bytes = bytesOf(text);
        const whole = forwardRequests([bytes.slice()], options);
        assert.deepEqual(forwardRequests(cutAt(bytes, cut), options), whole);
      }),
      runs,
    );
  });

  Deno.test(`property: what is forwarded reads as what was read: responses, ${name}`, () => {
    const sent = fc.constantFrom<[string, string | null]>(["GET", null], ["GET", "x"], ["HEAD", null], [
      "POST",
      null,
    ]);
    fc.assert(
      fc.property(sent, nearlyResponses, offsets, ([method, protocol], text, cut) => {
        const bytes = bytesOf(text);
        const whole = forwardResponses(method, protocol, [bytes.slice()], options);
        assert.deepEqual(forwardResponses(method, protocol, cutAt(bytes, cut), options), whole);
      }),
      runs,
    );
  });
}

Deno.test("property: credit in is credit out", () => {
  fc.assert(fc.property(bodyPieces, offsets, fc.integer({ min: 1, max: 60 }), (pieces, cut, bodyWindow) => {
    const client = new Http1Client(strict);
    client.openStream();
    client.send({
      kind: "head",
      stream: 1,
      head: requestHead("POST", "/", framed("chunked", pieces, [["Host", "a"]])),
      end: false,
    });
    const { events } = bodyEvents("chunked", pieces, []);
    for (const event of events) client.send(event);
    const server = new Http1Server({ ...strict, limits: { bodyWindow } });
    let credit = 0;
    let outstanding = 0;
    let bytes = 0;
    for (const piece of cutAt(bytesOf(takeText(client)), cut)) {
      server.receive(piece);
      for (let event = server.next(); event !== null; event = server.next()) {
        if (event.kind !== "data") continue;
        credit += event.credit;
        outstanding += event.credit;
        bytes += event.data.length;
      }
      assert.equal(server.wantsRead, outstanding < bodyWindow);
      while (outstanding > 0) {
        const back = Math.min(7, outstanding);
        server.consume(1, back);
        outstanding -= back;
        assert.equal(server.wantsRead, outstanding < bodyWindow);
      }
    }
    assert.equal(bytes, pieces.reduce((sum, { data }) => sum + data.length, 0));
    assert.equal(credit, bytes + pieces.reduce((sum, { extension }) => sum + (extension ?? "").length, 0));
  }));
});

Deno.test("property: bytes are told as they came", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), offsets, (bytes, cut) => {
    const server = new Http1Server(strict);
    const log = new Log();
    feed(server, bytesOf(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes.length}\r\n\r\n`), log);
    for (const piece of cutAt(bytes, cut)) feed(server, piece, log);
    assert.deepEqual(log.texts().slice(1), [`#1 body ${JSON.stringify(latin1Decode(bytes))}`, "#1 end"]);
  }));
});
