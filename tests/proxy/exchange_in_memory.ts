// One HTTP session between two transports in memory: every step is a call, nothing waits for a network or a clock.

import { Http1Server } from "../../lib/http1/server.ts";
import { newConnectionRecord } from "../../lib/proxy/context.ts";
import { HttpSession } from "../../lib/proxy/http_session.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { MemoryTransport } from "../net/memory_transport.ts";
import { memoryContext } from "./memory_context.ts";

/** A client in a tunnel to an origin that is connected already. */
export function inMemory(overrides: Partial<Settings> = {}) {
  const { context, hooks, hookErrors, store, ended, deadlines } = memoryContext(overrides);
  const client = new MemoryTransport();
  const server = new MemoryTransport();
  const origin = { scheme: "http" as const, host: "origin.example", port: 80 };
  const session = new HttpSession(context, newConnectionRecord(context, client.remote, null, null), client, {
    routing: { kind: "tunnel", origin, serverName: null },
    connection: new Http1Server({ lenient: false, hopByHop: "keep" }),
    onConnect: null,
    onOver: () => {},
  });
  session.pool.offer(origin, server, newConnectionRecord(context, server.remote, null, null), "http1");
  session.start();
  return { session, hooks, hookErrors, store, ended, client, server, expire: () => deadlines.expire() };
}

/** Delivers pieces of `size` bytes until the transport's reader has had enough, or `most` bytes; how many were taken. */
export function deliverAll(transport: MemoryTransport, most: number, size = 16 * 1024): number {
  let delivered = 0;
  while (transport.reading && delivered < most) {
    const piece = new Uint8Array(Math.min(size, most - delivered)).fill(0x78);
    delivered += piece.length;
    transport.deliver(piece);
  }
  return delivered;
}

/** How many bytes have been written to a transport. */
export function written(transport: MemoryTransport): number {
  return transport.writes.reduce((sum, text) => sum + text.length, 0);
}
