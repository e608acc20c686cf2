// An independent reader agrees with ours: on what we read, and on what we forward.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { HttpEvent, Signal } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { Http1Options } from "../../lib/http1/limits.ts";
import { Http1Client } from "../../lib/http1/client.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { nearlyRequests, nearlyResponses } from "./arbitraries.ts";
import {
  bytesOf,
  clientAfter,
  feed,
  lenient,
  Log,
  own,
  requestHead,
  responseHead,
  serverAfter,
  strict,
  takeText,
} from "./drive.ts";
import { type LlhttpMessage, llhttpMethods, readWithLlhttp } from "./llhttp.ts";
import { requestRows } from "./request_rows.ts";
import { responseRows } from "./response_rows.ts";

type Sent = HttpEvent & { kind: "head" | "data" | "trailers" };

/** The complete messages on a connection, each as its events. */
class Messages {
  readonly complete: Sent[][] = [];
  #current: Sent[] = [];

  add(event: HttpEvent | Signal): void {
    if (event.kind !== "head" && event.kind !== "data" && event.kind !== "trailers") return;
    this.#current.push(event.kind === "data" ? { ...event, data: event.data.slice() } : event);
    if (event.kind !== "trailers" && !event.end) return;
    this.complete.push(this.#current);
    this.#current = [];
  }
}

function readRequests(text: string, options: Http1Options): Sent[][] {
  const server = new Http1Server(options);
  const messages = new Messages();
  feed(server, bytesOf(text), new Log(), (event) => {
    const before = messages.complete.length;
    messages.add(event);
    if (messages.complete.length === before || !("stream" in event)) return;
    const fields = Fields.of(["Content-Length", "0"]);
    const head = responseHead(403, { framing: "length", contentLength: 0, fields });
    server.send({ kind: "head", stream: event.stream, head, end: true });
  });
  return messages.complete;
}

/** What llhttp should say of a message. */
function asLlhttp(events: Sent[]): LlhttpMessage {
  const message: LlhttpMessage = {
    method: "",
    target: "",
    status: 0,
    fields: [],
    trailers: [],
    body: "",
    complete: true,
  };
  for (const event of events) {
    if (event.kind === "data") message.body += latin1Decode(event.data);
    else if (event.kind === "trailers") message.trailers = [...event.fields];
    else {
      message.fields = [...event.head.fields];
      if (event.head.kind === "request") {
        Object.assign(message, { method: event.head.method, target: event.head.target });
      } else message.status = event.head.status;
    }
  }
  return message;
}

function forward(events: Sent[], options: Http1Options): string {
  const client = new Http1Client(options);
  client.openStream();
  for (const event of events) client.send({ ...event, stream: 1 });
  return takeText(client);
}

/** Targets of the kinds llhttp takes: it knows fewer schemes, bytes and methods than the RFC. */
const llhttpTarget = /^(?:[a-z]+:\/\/[\w.:[\]-]+)?(?:[/?][\w.~!$&'()*+,;=:@%/?-]*)?$|^\*$|^[\w.:[\]-]+$/i;

function isKnown(events: Sent[]): boolean {
  const [first] = events;
  return first?.kind === "head" && first.head.kind === "request" && llhttpMethods.has(first.head.method) &&
    llhttpTarget.test(first.head.target);
}

/** RFC 9110, 6.5.1: what our writer leaves out. */
function withoutForbidden(message: LlhttpMessage): LlhttpMessage {
  const trailers = message.trailers.filter(([name]) =>
    !/^(content-length|transfer-encoding|host)$/i.test(name)
  );
  return { ...message, trailers };
}

for (const row of requestRows) {
  const messages = readRequests(row.bytes, row.lenient === true ? lenient : strict).filter(isKnown);
  if (messages.length === 0 || row.onlyOurs === true) continue;
  Deno.test(`llhttp reads what we forward: ${row.name}`, () => {
    for (const events of messages) {
      const text = forward(events, strict);
      const result = readWithLlhttp("request", text);
      assert.equal(result.error, null);
      assert.equal(result.consumed, text.length);
      const [first, ...more] = result.messages;
      assert.deepEqual(more, []);
      assert.ok(first !== undefined);
      const expected = withoutForbidden(asLlhttp(events));
      // A CONNECT has no length; ours leaves the 0 out.
      if (first.method === "CONNECT") {
        expected.fields = expected.fields.filter(([name]) => name !== "Content-Length");
      }
      assert.deepEqual(first, expected);
    }
  });
}

Deno.test("llhttp reads what we read: any requests that both of us take", () => {
  let both = 0;
  fc.assert(
    fc.property(nearlyRequests, (text) => {
      const ours = readRequests(text, strict);
      const theirs = readWithLlhttp("request", text).messages.filter((message) => message.complete);
      for (let index = 0; index < Math.min(ours.length, theirs.length); index++) {
        const events = ours[index] ?? [];
        if (!isKnown(events)) return;
        assert.deepEqual(theirs[index], asLlhttp(events));
        both++;
        // Ours stops at CONNECT only when it is accepted; theirs always does.
        if (theirs[index]?.method === "CONNECT") return;
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(both > 100, `${both} messages were compared`);
});

for (const [name, options] of [["strict", strict], ["lenient", lenient], ["own", own]] as const) {
  Deno.test(`llhttp reads what we forward: any requests, ${name}`, () => {
    let compared = 0;
    fc.assert(
      fc.property(nearlyRequests, (text) => {
        for (const events of readRequests(text, options).filter(isKnown)) {
          const result = readWithLlhttp("request", forward(events, options));
          assert.equal(result.error, null);
          assert.equal(result.messages.length, 1, "one message stays one message");
          const [theirs] = result.messages;
          const ours = asLlhttp(events);
          assert.equal(theirs?.complete, true);
          assert.equal(theirs?.body, ours.body);
          assert.equal(theirs?.target, ours.target);
          compared++;
        }
      }),
      { numRuns: 1000 },
    );
    assert.ok(compared > 100, `${compared} messages were compared`);
  });
}

for (const row of responseRows) {
  const method = row.method ?? "GET";
  const client = clientAfter(method, row.lenient === true ? lenient : strict, {
    protocol: row.protocol ?? null,
  });
  const messages = new Messages();
  feed(client, bytesOf(row.bytes), new Log(), (event) => messages.add(event));
  if (row.end === true) feed(client, null, new Log(), (event) => messages.add(event));
  const [events] = messages.complete;
  if (events === undefined || method === "CONNECT") continue;
  Deno.test(`llhttp reads what we forward: response: ${row.name}`, () => {
    const server = serverAfter(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`, strict);
    for (const event of events) server.send({ ...event, stream: 1 });
    const text = takeText(server);
    const result = readWithLlhttp("response", text, { end: server.closing, noBody: method === "HEAD" });
    assert.equal(result.error, null);
    const theirs = result.messages.at(-1);
    const ours = asLlhttp(events);
    assert.deepEqual([theirs?.status, theirs?.body, theirs?.complete], [ours.status, ours.body, true]);
    assert.deepEqual(theirs?.trailers, ours.trailers);
  });
}

Deno.test("llhttp reads what we read: any responses that both of us take", () => {
  let both = 0;
  fc.assert(
    fc.property(nearlyResponses, (text) => {
      const client = clientAfter("GET", strict);
      const messages = new Messages();
      feed(client, bytesOf(text), new Log(), (event) => messages.add(event));
      const [ours] = messages.complete;
      const theirs = readWithLlhttp("response", text).messages.find((message) =>
        message.complete && message.status >= 200
      );
      if (ours === undefined || theirs === undefined) return;
      const final = ours.filter((event) =>
        event.kind !== "head" || (event.head.kind === "response" && event.head.status >= 200)
      );
      assert.deepEqual(theirs, asLlhttp(final));
      both++;
    }),
    { numRuns: 2000 },
  );
  assert.ok(both > 50, `${both} messages were compared`);
});

Deno.test("llhttp reads HTTP/1 made of an HTTP/2 request", () => {
  const client = new Http1Client(strict);
  client.openStream();
  const fields = Fields.of(["cookie", "a=1"], ["te", "trailers"], ["cookie", "b=2"]);
  const head = requestHead("POST", "/x", { version: "HTTP/2.0", authority: "b", framing: "stream", fields });
  client.send({ kind: "head", stream: 1, head, end: false });
  client.send({ kind: "data", stream: 1, data: bytesOf("hello"), credit: 5, end: false });
  client.send({ kind: "trailers", stream: 1, fields: Fields.of(["x-sum", "1"]) });
  const { messages, error } = readWithLlhttp("request", takeText(client));
  assert.equal(error, null);
  assert.deepEqual(messages, [{
    method: "POST",
    target: "/x",
    status: 0,
    fields: [
      ["Host", "b"],
      ["cookie", "a=1; b=2"],
      ["te", "trailers"],
      ["Transfer-Encoding", "chunked"],
      ["Connection", "TE"],
    ],
    trailers: [["x-sum", "1"]],
    body: "hello",
    complete: true,
  }]);
});
