// Responses that an origin pushes (RFC 9113, 8.4): each is an exchange of its own, with a request that nobody sent. The
// promise goes to the client on the stream of its parent; where the client takes none, the origin is told.

import { addNote, type ConnectionRecord } from "../flow/record.ts";
import type { RequestHead } from "../http/head.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangeHost } from "./exchange_relay.ts";
import { Leg } from "./leg.ts";
import { newHttpFlow } from "./new_flow.ts";
import { originOf, type Routing, urlOf } from "./origin.ts";
import type { PushSignal, UpstreamConnection } from "./upstream_connection.ts";

export interface PushHost extends ExchangeHost {
  readonly clientRecord: ConnectionRecord;
  /** A new exchange on the client's connection, recorded from here on. */
  exchangeBegun(exchange: Exchange): void;
}

/** Passes the promise of `upstream` on to the client, or refuses what is promised. */
export function passPush(host: PushHost, upstream: UpstreamConnection, push: PushSignal): void {
  const exchange = begin(host, upstream, push);
  if (exchange === null) upstream.refuse(push.stream);
  else exchange.startPushed(upstream, push.stream);
}

function begin(host: PushHost, upstream: UpstreamConnection, push: PushSignal): Exchange | null {
  const parent = upstream.userOf(push.parent);
  if (!(parent instanceof Exchange) || parent.isSettled()) return null;
  const { client, flow: asking } = parent;
  const head = promisedHead(host.routing, push.head, asking.request.head);
  const origin = originOf(host.routing, head);
  if (typeof origin === "string") return null;
  const stream = client.connection.push(client.stream, head);
  if (stream === null) return null;
  client.driver.touch();
  const flow = newHttpFlow(host.context, host.clientRecord, head, origin);
  addNote(
    flow,
    `pushed by the server for ${urlOf(asking.scheme, asking.host, asking.port, asking.request.head.path)}`,
  );
  const exchange = new Exchange(host, new Leg(client.driver, stream), flow);
  host.exchangeBegun(exchange);
  return exchange;
}

/** RFC 9113, 8.4: the client takes promises for the host it asked, under the name it knows. */
function promisedHead(routing: Routing, promised: RequestHead, parent: RequestHead): RequestHead {
  if (routing.kind !== "reverse") return promised;
  return { ...promised, scheme: parent.scheme, authority: parent.authority };
}
