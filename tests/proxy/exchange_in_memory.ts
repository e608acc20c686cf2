// One HTTP session between two transports in memory: every step is a call, nothing waits for a network or a clock.

import { FlowStore } from "../../lib/flow/store.ts";
import type { HttpFlow } from "../../lib/flow/record.ts";
import { Hooks } from "../../lib/hooks/hooks.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { type Deadline, Deadlines } from "../../lib/net/deadlines.ts";
import { Turns } from "../../lib/net/driver.ts";
import { Ids, newConnectionRecord, type ProxyContext } from "../../lib/proxy/context.ts";
import { HttpSession } from "../../lib/proxy/http_session.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { testSettings } from "../kit/proxy_fixture.ts";
import { MemoryTransport } from "../net/memory_transport.ts";

/** Deadlines that expire when a test says so. */
class HandDeadlines extends Deadlines {
  readonly #created: Deadline[] = [];

  override create(expired: () => void): Deadline {
    const deadline = super.create(expired);
    this.#created.push(deadline);
    return deadline;
  }

  /** All that run, now. */
  expire(): void {
    for (const deadline of this.#created.filter(({ isSet }) => isSet)) deadline.check(Infinity);
  }
}

/** A client in a tunnel to an origin that is connected already. */
export function inMemory(overrides: Partial<Settings> = {}) {
  const settings = testSettings(overrides);
  const hookErrors: unknown[] = [];
  const hooks = new Hooks((_name, error) => hookErrors.push(error));
  const store = new FlowStore({ byteBudget: settings.flowBudget, flowLimit: settings.flowLimit });
  const deadlines = new HandDeadlines();
  const parts: Omit<ProxyContext, "certificates" | "trust" | "rejectedHosts"> = {
    settings,
    hooks,
    store,
    turns: new Turns(),
    deadlines,
    ids: new Ids(),
    isOwnAddress: () => false,
  };
  const context = parts as ProxyContext;
  const ended: HttpFlow[] = [];
  hooks.on("httpEnded", (flow) => void ended.push(flow));
  const client = new MemoryTransport();
  const server = new MemoryTransport();
  const origin = { scheme: "http" as const, host: "origin.example", port: 80 };
  const session = new HttpSession(context, newConnectionRecord(context, client.remote, null, null), client, {
    routing: { kind: "tunnel", origin, serverName: null },
    connection: new Http1Server({ lenient: false, hopByHop: "keep" }),
    onConnect: null,
    onOver: () => {},
  });
  session.pool.offer(origin, server, newConnectionRecord(context, server.remote, null, null));
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

/** Lets everything that only waits for promises happen. */
export async function settled(): Promise<void> {
  for (let count = 0; count < 50; count++) await Promise.resolve();
}
