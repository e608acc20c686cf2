// A tunnel in a stream of a client's HTTP/2 connection (RFC 9113, 8.5): a session of its own, with a record of its own,
// since what it negotiates (TLS, HTTP) is not the connection's.
// Invariant: its end is the end of its stream, never of the connection.

import type { ConnectionRecord } from "../flow/record.ts";
import type { Endpoint, Transport } from "../net/transport.ts";
import { CarriedSession } from "./carried_session.ts";
import type { ProxyContext } from "./context.ts";
import type { Dialed } from "./dial_origin.ts";
import { runTunnel } from "./tunnel_session.ts";

export class StreamSession extends CarriedSession {
  readonly #onOver: () => void;

  constructor(context: ProxyContext, record: ConnectionRecord, transport: Transport, onOver: () => void) {
    super(context, record, transport);
    this.#onOver = onOver;
  }

  /** Never rejects. */
  async run(target: Endpoint, dialed: Dialed): Promise<void> {
    try {
      await runTunnel(this, this.transport, target, dialed);
    } catch (error) {
      this.mistake("in a tunnel", error);
    }
  }

  protected ended(): void {
    this.#onOver();
  }
}
