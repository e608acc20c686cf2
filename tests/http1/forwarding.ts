// The strongest thing to ask of a proxy's codec: what it forwards reads, strictly, as what it read. Nothing may be
// hidden in a message that only the next recipient finds. Shared by the properties and by scripts/fuzz.ts.

import assert from "node:assert/strict";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import type { HttpEvent, Signal } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import { Http1Client } from "../../lib/http1/client.ts";
import { isForbiddenTrailer } from "../../lib/http1/framing.ts";
import type { Http1Options } from "../../lib/http1/limits.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { clientAfter, feed, Log, requestHead, responseHead, strict, takeText } from "./drive.ts";

type Sent = HttpEvent & { kind: "head" | "data" | "trailers" };

/** Answers each request as soon as it is read, and forwards it: gives all that was said, and checks what was forwarded. */
export function forwardRequests(pieces: Uint8Array[], options: Http1Options): string[] {
  const server = new Http1Server(options);
  const log = new Log();
  let events: Sent[] = [];
  for (const piece of [...pieces, null]) {
    const room = server.wantsRead || piece === null;
    assert.ok(room, "everything is answered and consumed, so there is always room");
    feed(server, piece, log, (event) => {
      if (event.kind === "head" || event.kind === "data" || event.kind === "trailers") {
        events.push(event.kind === "data" ? { ...event, data: event.data.slice() } : event);
      }
      if (event.kind === "reset") events = [];
      if (event.kind === "reset" || isEnd(event)) {
        if (events.length > 0) checkRequest(events, options);
        events = [];
        server.send({ kind: "head", stream: event.stream, head: responseHead(403), end: true });
      }
    });
  }
  assert.equal(server.closing, true, "after the end everything is answered");
  takeText(server);
  return log.texts();
}

/** Reads the responses to one request and forwards them; gives all that was said, and checks what was forwarded. */
export function forwardResponses(
  method: string,
  protocol: string | null,
  pieces: Uint8Array[],
  options: Http1Options,
): string[] {
  const client = clientAfter(method, options, { protocol });
  const log = new Log();
  const events: Sent[] = [];
  let whole = false;
  for (const piece of [...pieces, null]) {
    assert.ok(client.wantsRead || piece === null);
    feed(client, piece, log, (event) => {
      if (event.kind !== "head" && event.kind !== "data" && event.kind !== "trailers") return;
      events.push(event.kind === "data" ? { ...event, data: event.data.slice() } : event);
      if (isEnd(event)) whole = true;
    });
  }
  assert.equal(client.canOpen, false, "after the end it cannot be used");
  if (whole) checkResponse(method, protocol, events, options);
  return log.texts();
}

function isEnd(event: HttpEvent | Signal): event is Sent {
  return event.kind === "trailers" || ((event.kind === "head" || event.kind === "data") && event.end);
}

function checkRequest(events: Sent[], options: Http1Options): void {
  const client = new Http1Client(options);
  client.openStream();
  for (const event of events) client.send({ ...event, stream: 1 });
  const reader = new Http1Server(strict);
  assert.deepEqual(readBack(reader, takeText(client), false, options), comparable(events, options));
  assert.equal(reader.held, 0, "nothing is left over");
}

function checkResponse(method: string, protocol: string | null, events: Sent[], options: Http1Options): void {
  const asking = new Http1Client(strict);
  asking.openStream();
  const upgrade: [string, string][] = protocol === null
    ? []
    : [["Connection", "upgrade"], ["Upgrade", protocol]];
  const asked = requestHead(method, "/", { protocol, fields: Fields.of(["Host", "a"], ...upgrade) });
  asking.send({ kind: "head", stream: 1, head: asked, end: true });
  const server = new Http1Server(options);
  feed(server, latin1Encode(takeText(asking)), new Log());
  for (const event of events) server.send(event);
  const reader = clientAfter(method, strict, { protocol });
  assert.deepEqual(readBack(reader, takeText(server), server.closing, options), comparable(events, options));
}

function readBack(
  reader: Http1Server | Http1Client,
  text: string,
  end: boolean,
  options: Http1Options,
): string[] {
  const said: (HttpEvent | Signal)[] = [];
  const keep = (event: HttpEvent | Signal): void => {
    said.push(event.kind === "data" ? { ...event, data: event.data.slice() } : event);
  };
  feed(reader, latin1Encode(text), new Log(), keep);
  if (end) feed(reader, null, new Log(), keep);
  return comparable(said.filter((event) => event.kind !== "ended" && event.kind !== "note"), options);
}

/** As texts, on one stream, without the field lines that a writer may change or leave out. */
function comparable(events: (HttpEvent | Signal)[], options: Http1Options): string[] {
  const log = new Log();
  for (const event of events) {
    if (event.kind === "head") {
      const { head } = event;
      const fields = without(head.fields, (name) =>
        // Framing fields where there is no body describe something else, or nothing (RFC 9110, 8.6).
        (head.framing === "none" && /^(content-length|transfer-encoding)$/i.test(name)) ||
        isOurs(name, options));
      log.add({ ...event, stream: 1, head: { ...head, fields } });
    } else if (event.kind === "trailers") {
      const fields = without(event.fields, (name) => isForbiddenTrailer(name) || isOurs(name, options));
      const more = event.extension === undefined ? {} : { extension: event.extension };
      // Without a line left it reads as no trailer section at all.
      if (fields.length > 0) log.add({ kind: "trailers", stream: 1, fields, ...more });
      else log.add({ kind: "data", stream: 1, data: new Uint8Array(0), credit: 0, end: true, ...more });
    } else if (event.kind === "data") log.add({ ...event, stream: 1 });
    else log.add(event);
  }
  return log.texts();
}

/** Fields an explicit proxy manages itself. */
const ours = /^(connection|keep-alive|proxy-connection|proxy-authenticate|proxy-authorization|host|te)$/i;

function isOurs(name: string, options: Http1Options): boolean {
  return options.hopByHop === "own" && ours.test(name);
}

function without(fields: Fields, isLeftOut: (name: string) => boolean): Fields {
  return Fields.of(...[...fields].filter(([name]) => !isLeftOut(name)));
}
