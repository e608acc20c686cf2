// A session whose both legs are fake codecs: what the client sends becomes exchanges with a fake origin.

import type { HttpEvent, Signal } from "../../lib/http/connection.ts";
import type { ProtocolFault } from "../../lib/http/fault.ts";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead, ResponseHead } from "../../lib/http/head.ts";
import { HttpDriver } from "../../lib/net/driver.ts";
import { newConnectionRecord } from "../../lib/proxy/context.ts";
import { only } from "../../lib/proxy/dial_upstream.ts";
import { Exchange } from "../../lib/proxy/exchange.ts";
import { Leg } from "../../lib/proxy/leg.ts";
import { newHttpFlow } from "../../lib/proxy/new_flow.ts";
import type { HttpProtocol } from "../../lib/proxy/origin.ts";
import { passPush, type PushHost } from "../../lib/proxy/pushed.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { bytesOf, MemoryTransport } from "../net/memory_transport.ts";
import { FakeCodec } from "./fake_codec.ts";
import { FakeOrigin, type FakeUpstream, ORIGIN } from "./fake_origin.ts";
import { memoryContext } from "./memory_context.ts";

export interface FakeSession extends ReturnType<typeof memoryContext> {
  client: FakeCodec;
  origin: FakeOrigin;
  host: PushHost;
  exchanges: Map<number, Exchange>;
  /** The client says this, in one turn. */
  ask(...events: (HttpEvent | Signal)[]): void;
  /** An origin's connection says this, in one turn. */
  answer(upstream: FakeUpstream, ...events: (HttpEvent | Signal)[]): void;
  /** A write on the client's leg is done: it takes `room` more on `stream`. */
  clientTakes(stream: number, room: number): void;
  originTakes(upstream: FakeUpstream, stream: number, room: number): void;
}

export function fakeSession(
  clientProtocol: HttpProtocol,
  originProtocol: HttpProtocol,
  overrides: Partial<Settings> = {},
): FakeSession {
  const memory = memoryContext(overrides);
  const { context } = memory;
  const client = new FakeCodec(clientProtocol === "http2");
  const origin = new FakeOrigin(memory, only(originProtocol));
  const exchanges = new Map<number, Exchange>();
  const transport = new MemoryTransport();
  const driver = new HttpDriver(transport, client, context.turns, {
    event: (event) => {
      if (event.kind === "head") begin(event);
      else if (event.kind === "writable") exchanges.get(event.stream)?.clientDrained();
      else if (event.kind === "priority") exchanges.get(event.stream)?.prioritize(event.priority);
      else if (event.kind === "data" || event.kind === "trailers" || event.kind === "reset") {
        exchanges.get(event.stream)?.clientEvent(event);
      }
    },
    received: () => {},
    drained: () => exchanges.forEach((exchange) => exchange.clientDrained()),
    closed: (fault) => [...exchanges.values()].forEach((exchange) => exchange.clientClosed(fault)),
  });
  const record = newConnectionRecord(context, transport.remote, null, null);
  const host: PushHost = {
    context,
    clientRecord: record,
    routing: { kind: "tunnel", origin: ORIGIN, serverName: null },
    pool: {
      acquire: (_origin, request, fresh) => origin.connections.acquire(request, fresh),
      cancel: (_origin, request) => origin.connections.cancel(request),
    },
    originLegOf: (stream) => exchanges.get(stream)?.originLeg ?? null,
    exchangeBegun: (exchange) => {
      exchanges.set(exchange.client.stream, exchange);
      context.store.add(exchange.flow);
    },
    exchangeOver: (exchange) => void exchanges.delete(exchange.client.stream),
  };
  const begin = (event: HttpEvent & { kind: "head" }) => {
    const flow = newHttpFlow(context, record, event.head as RequestHead, ORIGIN);
    const exchange = new Exchange(host, new Leg(driver, event.stream), flow);
    host.exchangeBegun(exchange);
    exchange.clientEvent(event);
  };
  origin.onPush = (upstream, push) => passPush(host, upstream, push);
  driver.start();
  return {
    ...memory,
    client,
    origin,
    host,
    exchanges,
    ask: (...events) => {
      client.say(...events);
      driver.touch();
    },
    answer: ({ codec, upstream }, ...events) => {
      codec.say(...events);
      upstream.driver.touch();
    },
    clientTakes: (stream, room) => {
      client.setRoom(stream, room);
      client.say({ kind: "writable", stream });
      driver.touch();
    },
    originTakes: ({ codec, upstream }, stream, room) => {
      codec.setRoom(stream, room);
      codec.say({ kind: "writable", stream });
      upstream.driver.touch();
    },
  };
}

// --- What is said ---

export function requestHead(path: string, method = "GET"): RequestHead {
  return {
    kind: "request",
    version: "HTTP/2.0",
    method,
    target: path,
    targetForm: "origin",
    scheme: "http",
    authority: "origin.example",
    path,
    protocol: null,
    framing: "stream",
    contentLength: null,
    fields: new Fields(),
  };
}

export function request(stream: number, path = `/${stream}`, method = "GET"): HttpEvent & { kind: "head" } {
  return { kind: "head", stream, head: requestHead(path, method), end: true };
}

/** A request with a body to come. */
export function upload(stream: number, path = `/${stream}`, method = "POST"): HttpEvent {
  return { kind: "head", stream, head: requestHead(path, method), end: false };
}

export function response(stream: number, status = 200, end = false): HttpEvent {
  const head: ResponseHead = {
    kind: "response",
    version: "HTTP/2.0",
    status,
    reason: "",
    framing: "stream",
    contentLength: null,
    fields: new Fields(),
  };
  return { kind: "head", stream, head, end };
}

/** `extra`: credit beyond the data's length, as for padding. */
export function data(stream: number, text: string, end = false, extra = 0): HttpEvent {
  return { kind: "data", stream, data: bytesOf(text), credit: text.length + extra, end };
}

export function trailers(stream: number, name: string, value: string): HttpEvent {
  return { kind: "trailers", stream, fields: Fields.of([name, value]) };
}

/** A peer takes its stream back. */
export function reset(stream: number, code: string, peer: "client" | "server" = "server"): HttpEvent {
  return { kind: "reset", stream, fault: { ...fault(code, peer), isReset: true } };
}

/** A peer has broken a rule. */
export function fault(code: string, peer: "client" | "server"): ProtocolFault {
  const status = peer === "client" ? 400 : 502;
  return { scope: "stream", peer, code, status, message: `a ${code} of the ${peer}`, rule: "RFC 9113, 6.4" };
}
