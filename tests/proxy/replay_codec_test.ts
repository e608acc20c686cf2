import assert from "node:assert/strict";
import type { HttpEvent } from "../../lib/http/connection.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { ResponseHead } from "../../lib/http/head.ts";
import { ReplayCodec } from "../../lib/proxy/replay_codec.ts";
import { requestTo } from "./replay_flows.ts";

const KIB = 1024;

function codecFor(
  size: number,
  fields: [string, string][] = [],
  trailers: Fields | null = null,
): ReplayCodec {
  const { head, body } = requestTo(80, "POST", "/", fields, new Uint8Array(size));
  return new ReplayCodec({ head, body, trailers });
}

/** All that can be said now: "head", "head end", "data 65536", … */
function said(codec: ReplayCodec): string[] {
  const list: string[] = [];
  for (let event = codec.next(); event !== null; event = codec.next()) {
    const size = event.kind === "data" ? ` ${event.data.length}` : "";
    const end = (event.kind === "head" || event.kind === "data") && event.end ? " end" : "";
    list.push(`${event.kind}${size}${end}`);
  }
  return list;
}

function answer(status: number, end: boolean): HttpEvent {
  const head: ResponseHead = {
    kind: "response",
    version: "HTTP/1.1",
    status,
    reason: "",
    framing: "none",
    contentLength: null,
    fields: new Fields(),
  };
  return { kind: "head", stream: 1, head, end };
}

Deno.test("replay codec: the request is said once, with its end where it is", () => {
  assert.deepEqual(said(codecFor(0)), ["head end"]);
  assert.deepEqual(said(codecFor(5)), ["head", "data 5 end"]);
  assert.deepEqual(said(codecFor(0, [], Fields.of(["A", "1"]))), ["head", "trailers"]);
  const codec = codecFor(5, [], Fields.of(["A", "1"]));
  assert.deepEqual(said(codec), ["head", "data 5", "trailers"]);
  assert.deepEqual(said(codec), []);
});

Deno.test("replay codec: no more than a window of the body is said before it is given back", () => {
  const codec = codecFor(300 * KIB);
  assert.deepEqual(said(codec), ["head", "data 65536", "data 65536"]);
  codec.consume(1, 1);
  assert.deepEqual(said(codec), []);
  codec.consume(1, 64 * KIB - 1);
  assert.deepEqual(said(codec), ["data 65536"]);
  assert.deepEqual(said(codec), []);
  codec.consume(1, 64 * KIB);
  assert.deepEqual(said(codec), ["data 65536"]);
  codec.consume(1, 128 * KIB);
  assert.deepEqual(said(codec), ["data 45056 end"]);
});

Deno.test("replay codec: the body waits for 100, or until nobody waits any more", () => {
  const expects: [string, string][] = [["Expect", "100-continue"]];
  const first = codecFor(5, expects);
  assert.deepEqual(said(first), ["head"]);
  first.send(answer(103, false));
  assert.deepEqual([said(first), first.awaitsContinue], [[], true]);
  first.send(answer(100, false));
  assert.deepEqual([said(first), first.closing], [["data 5 end"], false]);
  const second = codecFor(5, expects);
  said(second);
  second.goOn();
  assert.deepEqual(said(second), ["data 5 end"]);
  assert.deepEqual(codecFor(0, expects).awaitsContinue, false, "there is nothing to wait with");
});

Deno.test("replay codec: a final answer in place of 100 means that the body is not sent, and closes at its end", () => {
  const codec = codecFor(5, [["Expect", "100-continue"]]);
  said(codec);
  codec.send(answer(417, false));
  codec.goOn();
  assert.deepEqual([said(codec), codec.closing], [[], false]);
  codec.send({ kind: "data", stream: 1, data: new Uint8Array(1), credit: 0, end: true });
  assert.deepEqual([said(codec), codec.closing], [[], true]);
});

Deno.test("replay codec: nothing is said after a reset or a stop; in what comes after HTTP there is only the end", () => {
  const fault = { scope: "stream", peer: "server", code: "x", status: 502, message: "", rule: "" } as const;
  const codec = codecFor(5);
  codec.send({ kind: "reset", stream: 1, fault });
  assert.deepEqual(said(codec), []);
  const stopped = codecFor(5);
  stopped.stop();
  assert.deepEqual(said(stopped), []);
  const switched = codecFor(0);
  said(switched);
  switched.send(answer(101, false));
  switched.tunnel();
  assert.deepEqual(said(switched), ["data 0 end"]);
});

Deno.test("replay codec: of an answer nothing is kept", () => {
  const codec = codecFor(0);
  said(codec);
  codec.send(answer(200, false));
  codec.send({ kind: "data", stream: 1, data: new Uint8Array(1000), credit: 1000, end: false });
  codec.send({ kind: "trailers", stream: 1, fields: new Fields() });
  assert.deepEqual([codec.output.length, codec.capacity() > 0, codec.closing], [0, true, false]);
});
