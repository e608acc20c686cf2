// One client connection, from accept to its end: what speaks on it, where it wants to go, and which session carries
// it from there. Plain async code; the data path begins where a session is started.
// Invariants: `run` never rejects and ends only when the client's transport is closed or on its way out; every step
// has a timeout; whatever was dialed is closed when it is not used; tunnels in its streams end with it.

import type { ConnectionRecord } from "../flow/record.ts";
import { peek } from "../net/peek.ts";
import type { Transport } from "../net/transport.ts";
import { CarriedSession } from "./carried_session.ts";
import type { ConnectRequest } from "./connect_request.ts";
import { log, newConnectionRecord, type ProxyContext } from "./context.ts";
import { type Dialed, dialOrigin, dropDialed } from "./dial_origin.ts";
import { type FirstBytes, sniffProxyPort } from "./first_bytes.ts";
import type { HttpProtocol } from "./origin.ts";
import { negotiateSocks5, SOCKS5_REPLY, socks5Reply, write } from "./socks5.ts";
import { ownAnswer, protocolOf, secureClient } from "./tls_interception.ts";
import { SNIFF_TIME } from "./session_host.ts";
import { StreamSession } from "./stream_session.ts";
import { runReverse } from "./reverse_session.ts";
import { runTunnel } from "./tunnel_session.ts";
import { UpstreamError } from "./upstream_error.ts";

export class ClientSession extends CarriedSession {
  readonly #onOver: () => void;
  /** Tunnels in streams of this connection. */
  readonly #streams = new Set<StreamSession>();

  constructor(context: ProxyContext, transport: Transport, onOver: () => void) {
    super(context, newConnectionRecord(context, transport.remote, transport.local, null), transport);
    this.#onOver = onOver;
    this.record.connectedAt = this.record.startedAt;
  }

  async run(): Promise<void> {
    const held = this.context.hooks.run("clientConnected", this.record);
    if (held !== null) await held;
    try {
      if (this.context.settings.mode.kind === "reverse") {
        await runReverse(this, this.transport, this.context.settings.mode);
      } else await this.#runProxyPort(this.transport, false);
    } catch (error) {
      this.mistake("on a client connection", error);
    }
  }

  override shutdown(): void {
    super.shutdown();
    for (const stream of [...this.#streams]) stream.shutdown();
  }

  override destroy(): void {
    for (const stream of [...this.#streams]) stream.destroy();
    super.destroy();
  }

  protected ended(): void {
    this.context.hooks.run("clientDisconnected", this.record);
    this.#onOver();
  }

  protected override get onConnect(): (request: ConnectRequest) => void {
    return (request) => {
      this.#connect(request).catch((error) => this.mistake("in a tunnel", error));
    };
  }

  // --- The proxy's own port, regular mode ---

  /** `alpn`: what was agreed on, inside TLS. */
  async #runProxyPort(transport: Transport, insideTls: boolean, alpn: string | null = null): Promise<void> {
    const { idleTimeout, http2 } = this.context.settings;
    // RFC 9113, 3.2: there is nothing left to find out.
    if (alpn === "h2") return this.#startHttp(transport, "http2");
    let first: FirstBytes = "unsure";
    const result = await peek(transport, { silence: idleTimeout, undecided: SNIFF_TIME }, (bytes) => {
      first = sniffProxyPort(bytes);
      return first !== "unsure";
    });
    if (result.kind === "closed" || (result.kind === "timed-out" && first === "unsure" && !insideTls)) {
      return this.drop(transport);
    }
    switch (first as FirstBytes) {
      case "socks5":
        return await this.#runSocks5(transport);
      case "tls":
        // TLS inside TLS to the proxy makes no sense; it would be a loop without an end.
        return insideTls ? this.drop(transport) : await this.#runTlsToProxy(transport);
      case "http2":
        return this.#startHttp(transport, http2 && protocolOf(alpn) !== "http1" ? "http2" : "http1");
      default:
        return this.#startHttp(transport, "http1");
    }
  }

  #startHttp(transport: Transport, protocol: HttpProtocol): void {
    this.startHttp(transport, { kind: "explicit" }, protocol).start();
  }

  /** The proxy itself, spoken to over TLS. */
  async #runTlsToProxy(transport: Transport): Promise<void> {
    const hello = await this.readHello(transport);
    if (hello === null) return;
    const target = { host: transport.local.host, port: transport.local.port };
    const secure = await secureClient(this.context, {
      client: this.record,
      transport,
      hello,
      target,
      originRecord: null,
      alpn: ownAnswer(hello, this.context.settings),
    });
    if (secure === null) return this.over();
    await this.#runProxyPort(secure, true, this.record.tls?.alpn ?? null);
  }

  async #runSocks5(transport: Transport): Promise<void> {
    const target = await negotiateSocks5(transport, this.context.settings.headTimeout);
    if (typeof target === "string") {
      log(this.context, "warn", "socks5", target, this.record);
      return this.drop(transport);
    }
    let dialed: Dialed;
    try {
      dialed = await dialOrigin(this.context, this.record, target);
    } catch (error) {
      const { code, message } = UpstreamError.from(error);
      log(this.context, "warn", "connect-failed", message, this.record);
      await write(transport, socks5Reply(SOCKS5_FAILURES[code] ?? SOCKS5_REPLY.failure));
      return this.drop(transport);
    }
    await write(transport, socks5Reply(SOCKS5_REPLY.succeeded));
    await runTunnel(this, transport, target, dialed);
  }

  // --- CONNECT ---

  async #connect(request: ConnectRequest): Promise<void> {
    const { target } = request;
    if (target === null) {
      return request.refuse(
        400,
        "bad-target",
        `CONNECT needs a host and a port, not "${request.head.target}"`,
        "client",
      );
    }
    const record = request.isStream ? this.#streamRecord() : this.record;
    let dialed: Dialed;
    try {
      dialed = await dialOrigin(this.context, record, target);
    } catch (error) {
      const { code, message } = UpstreamError.from(error);
      return request.refuse(
        code === "loop" ? 403 : code === "timed-out" ? 504 : 502,
        code,
        message,
        "server",
      );
    }
    const transport = await request.accept();
    if (transport === null) return dropDialed(this.context, record, dialed);
    if (!request.isStream) return await runTunnel(this, transport, target, dialed);
    const stream = new StreamSession(this.context, record, transport, () => this.#streams.delete(stream));
    this.#streams.add(stream);
    if (this.isStopping) stream.shutdown();
    await stream.run(target, dialed);
  }

  /** What is agreed on inside a stream is not the connection's: it has a record of its own. */
  #streamRecord(): ConnectionRecord {
    const { remote, local } = this.record;
    const record = newConnectionRecord(this.context, remote, local, null);
    record.connectedAt = record.startedAt;
    return record;
  }
}

const SOCKS5_FAILURES: Readonly<Record<string, number>> = {
  refused: SOCKS5_REPLY.refused,
  loop: SOCKS5_REPLY.notAllowed,
  "timed-out": SOCKS5_REPLY.timedOut,
  unresolvable: SOCKS5_REPLY.hostUnreachable,
  unreachable: SOCKS5_REPLY.hostUnreachable,
};
