// What a client of raw TCP has said, said again to its server: dialed, TLS where it was, then a conversation like any
// other, whose client is none (ReplayTransport).
// Invariants: `run` never rejects; there is a flow in any case; `onOver` is called once; what was dialed for nothing is
// closed.

import type { ConnectionRecord, FlowError, TcpFlow } from "../flow/record.ts";
import { formatHostPort } from "../http/target.ts";
import type { Deadline } from "../net/deadlines.ts";
import type { Endpoint } from "../net/transport.ts";
import { log, newConnectionRecord, now, type ProxyContext } from "./context.ts";
import { type Dialed, dialOrigin, dropDialed, secureOrigin } from "./dial_origin.ts";
import { newTcpFlow } from "./new_flow.ts";
import { REPLAY_CLIENT, ReplayTransport } from "./replay_transport.ts";
import { TcpSession } from "./tcp_session.ts";
import { UpstreamError } from "./upstream_error.ts";

export interface ReplayTcp {
  host: string;
  port: number;
  tls: boolean;
  /** What TLS asks for; null: the host. */
  serverName: string | null;
  /** What the client said, in order. Not copied: it must not change before the flow has ended. */
  chunks: readonly Uint8Array[];
  /** The client closes its direction behind the last chunk. Else it waits for what the server says: REPLAY_QUIET. */
  endsAfter: boolean;
}

/**
 * Nothing moves for so long after all was said: the client has heard the answer, and ends. The same time for the server to end
 * in turn. Milliseconds; 5 s: longer than servers think, and short enough that a replay does not lie about.
 */
export const REPLAY_QUIET = 5_000;

export class ReplayConversation {
  readonly #context: ProxyContext;
  readonly #replay: ReplayTcp;
  readonly #target: Endpoint;
  readonly #client: ConnectionRecord;
  readonly #transport: ReplayTransport;
  readonly #quiet: Deadline;
  readonly #onOver: () => void;
  #dialed: Dialed | null = null;
  #flow: TcpFlow | null = null;
  #tcp: TcpSession | null = null;
  #over = false;

  constructor(context: ProxyContext, replay: ReplayTcp, onOver: () => void) {
    this.#context = context;
    this.#replay = replay;
    this.#onOver = onOver;
    this.#target = { host: replay.host, port: replay.port };
    this.#client = newConnectionRecord(context, REPLAY_CLIENT, null, null);
    this.#transport = new ReplayTransport(replay, () => this.#moved());
    this.#quiet = context.deadlines.create(() => this.#wasQuiet());
  }

  async run(): Promise<void> {
    try {
      const dialed = await this.#dial();
      if (this.#over) dropDialed(this.#context, this.#client, dialed);
      else this.#converse(dialed);
    } catch (error) {
      if (this.#tcp !== null) return this.#mistake(error, this.#tcp);
      const { code, message } = UpstreamError.from(error);
      this.#fail({ at: now(), message, by: "server", code, rule: null });
    }
  }

  /** Bytes have no natural end: they may go on until they are cut off. */
  shutdown(): void {}

  /** Ends it now. */
  destroy(): void {
    if (this.#tcp !== null) return this.#tcp.stop();
    this.#dialed?.transport.reset();
    this.#fail({ at: now(), message: "mitm was stopped", by: "proxy", code: "stopped", rule: null });
  }

  async #dial(): Promise<Dialed> {
    const { tls, serverName } = this.#replay;
    const dialed = this.#dialed = await dialOrigin(this.#context, this.#client, this.#target);
    if (!tls || this.#over) return dialed;
    const name = serverName ?? this.#target.host;
    const transport = await secureOrigin(this.#context, this.#client, dialed, name, []);
    return { transport, record: dialed.record };
  }

  #converse({ transport, record }: Dialed): void {
    const flow = this.#newFlow();
    const ends = { client: this.#transport, server: transport, serverRecord: record };
    this.#tcp = new TcpSession(this.#context, ends, flow, () => {
      record.endedAt = now();
      this.#context.hooks.run("serverDisconnected", record, this.#client);
      this.#end();
    });
    this.#moved();
    this.#tcp.start();
  }

  #newFlow(): TcpFlow {
    const flow = newTcpFlow(this.#context, this.#client, this.#target, this.#replay.tls);
    flow.replayed = true;
    return this.#flow = flow;
  }

  /** It never began. */
  #fail(error: FlowError): void {
    if (this.#over) return;
    const { host, port } = this.#target;
    const what = `replay to ${formatHostPort(host, port)}: ${error.message}`;
    log(this.#context, "warn", "replay-failed", what, this.#client);
    const flow = this.#newFlow();
    flow.server = this.#dialed?.record ?? null;
    flow.error = error;
    flow.closedBy = error.by;
    flow.endedAt = error.at;
    this.#context.store.add(flow);
    this.#context.hooks.run("tcpEnd", flow);
    this.#end();
  }

  /** Ours, not a peer's: only this one ends. */
  #mistake(error: unknown, tcp: TcpSession): void {
    const message = error instanceof Error ? error.message : String(error);
    log(this.#context, "error", "internal", `internal error in a replay: ${message}`, this.#client);
    tcp.stop();
  }

  #moved(): void {
    if (!this.#over && !this.#replay.endsAfter) this.#quiet.set(REPLAY_QUIET);
  }

  /** First the client ends, so that the server may; then it is let go. */
  #wasQuiet(): void {
    // What is held, and a server that does not read, have a time of their own.
    const isWaiting = this.#flow?.held === true || !this.#transport.hasSaidAll;
    if (!isWaiting && this.#transport.hasEnded) return this.#transport.close();
    if (!isWaiting) this.#transport.finish();
    this.#quiet.set(REPLAY_QUIET);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#quiet.cancel();
    this.#client.endedAt = now();
    this.#onOver();
  }
}
