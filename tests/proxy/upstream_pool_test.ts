// What a pool passes on between the client and the servers its requests go to.

import assert from "node:assert/strict";
import type { Offers } from "../../lib/http/connection.ts";
import { newConnectionRecord } from "../../lib/proxy/context.ts";
import type { Origin } from "../../lib/proxy/origin.ts";
import { UpstreamError } from "../../lib/proxy/upstream_error.ts";
import { UpstreamPool } from "../../lib/proxy/upstream_pool.ts";
import { FrameParser, readSettings, SETTING, TYPE } from "../kit/http2_frames.ts";
import { bytesOf, MemoryTransport } from "../net/memory_transport.ts";
import { Wanter } from "./fake_origin.ts";
import { memoryContext, settled } from "./memory_context.ts";

const ORIGIN: Origin = { scheme: "http", host: "origin.example", port: 80 };

function begin(clientProtocol: "http1" | "http2" = "http2") {
  const memory = memoryContext();
  const { context } = memory;
  const client = newConnectionRecord(context, { host: "192.0.2.1", port: 1 }, null, null);
  const told = { idleClosed: 0, offers: [] as Offers[] };
  const routing = { kind: "tunnel", origin: ORIGIN, serverName: null } as const;
  const pool = new UpstreamPool(context, client, { routing, clientProtocol }, {
    upstreamIdleClosed: () => told.idleClosed++,
    upstreamReceived: () => {},
    upstreamOffers: (offers) => void told.offers.push(offers),
    upstreamPush: () => {},
  });
  const connect = (protocol: "http1" | "http2", port = 80): MemoryTransport => {
    const transport = new MemoryTransport();
    const record = newConnectionRecord(context, transport.remote, null, ORIGIN);
    pool.offer({ ...ORIGIN, port }, transport, record, protocol);
    return transport;
  };
  return { ...memory, pool, told, connect };
}

/** Every value that ENABLE_PUSH was given on a server's connection. */
function pushSettings(transport: MemoryTransport): number[] {
  const frames = new FrameParser(true).push(bytesOf(transport.writes.join("")));
  return frames.filter(({ type, flags }) => type === TYPE.SETTINGS && flags === 0)
    .flatMap(({ payload }) => readSettings(payload))
    .filter(([id]) => id === SETTING.ENABLE_PUSH)
    .map(([, value]) => value);
}

Deno.test("pool: what the client offers is told to servers of HTTP/2 that are connected, and to later ones", async () => {
  const { pool, connect } = begin();
  const early = connect("http2");
  const plain = connect("http1", 81);
  pool.clientOffers({ push: true, extendedConnect: false });
  const late = connect("http2", 82);
  await settled();
  assert.deepEqual([pushSettings(early), pushSettings(late), plain.writes], [[0, 1], [0, 1], []]);
  pool.close();
});

Deno.test("pool: what a server offers is told to the client's side", () => {
  const { pool, told, connect } = begin();
  const server = connect("http2");
  // SETTINGS with ENABLE_CONNECT_PROTOCOL (RFC 8441, 3).
  server.deliver("\0\0\x06\x04\0\0\0\0\0\0\x08\0\0\0\x01");
  assert.deepEqual(told.offers, [{ push: false, extendedConnect: true }]);
  pool.close();
});

Deno.test("pool: a client with one request at a time hears that its server closed between them, another does not", () => {
  for (const [protocol, times] of [["http1", 1], ["http2", 0]] as const) {
    const { told, connect } = begin(protocol);
    connect(protocol).deliverClosed();
    assert.equal(told.idleClosed, times);
  }
});

Deno.test("pool: an origin that cannot be reached is the answer to each request", () => {
  const { pool } = begin();
  const failure = new UpstreamError("tls-verification", "not trusted");
  pool.refuse(failure);
  const log: string[] = [];
  const wanters = ["one", "two"].map((name) => new Wanter(name, log));
  for (const wanter of wanters) pool.acquire(ORIGIN, wanter, false);
  assert.deepEqual(log, ["one failed", "two failed"]);
  assert.equal(wanters[0]!.error, failure);
});

Deno.test("pool: closed with its client, it closes all connections", () => {
  const { pool, told, connect } = begin("http1");
  const servers = [connect("http1"), connect("http2", 81)];
  pool.close();
  assert.deepEqual(servers.map(({ isClosed }) => isClosed), [true, true]);
  assert.equal(told.idleClosed, 0, "its own doing");
});
