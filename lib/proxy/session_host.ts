// What the parts of a client connection (tunnel, reverse) need of the session they belong to.

import type { ConnectionRecord } from "../flow/record.ts";
import type { Transport } from "../net/transport.ts";
import type { ClientHello } from "../tls/client_hello.ts";
import type { ProxyContext } from "./context.ts";
import type { HttpSession } from "./http_session.ts";
import type { HttpProtocol, Routing } from "./origin.ts";

/** First bytes that fit several protocols: how long we wait for more before we take them as they are. Milliseconds. */
export const SNIFF_TIME = 2_000;

/** Something that can be ended: what currently carries the connection. */
export interface Carrier {
  /** In good order: what is open may finish. */
  shutdown(): void;
  /** Now. */
  destroy(): void;
}

export interface SessionHost {
  readonly context: ProxyContext;
  readonly record: ConnectionRecord;
  /** From here on `carrier` carries the connection. */
  carriedBy(carrier: Carrier): void;
  /** The connection is over. */
  over(): void;
  /** Nothing more to do with this transport: it is closed, the connection over. */
  drop(transport: Transport): void;
  /** The complete hello of a client whose first bytes are TLS; null: closed, with a line in the log. */
  readHello(transport: Transport): Promise<ClientHello | null>;
  /** HTTP from a client that is known to speak it, in this version; `start()` it. */
  startHttp(transport: Transport, routing: Routing, protocol: HttpProtocol): HttpSession;
}
