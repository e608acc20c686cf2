// One client connection, from accept to its end: what speaks on it, where it wants to go, and which session carries
// it from there. Plain async code; the data path begins where a session is started.
// Invariants: `run` never rejects and ends only when the client's transport is closed or on its way out; every step
// has a timeout; whatever was dialed is closed when it is not used.

import type { ConnectionRecord } from "../flow/record.ts";
import { Http1Server } from "../http1/server.ts";
import { peek } from "../net/peek.ts";
import type { Transport } from "../net/transport.ts";
import { type ClientHello, MAX_CLIENT_HELLO_SIZE, parseClientHello } from "../tls/client_hello.ts";
import type { ConnectRequest } from "./connect_request.ts";
import { log, newConnectionRecord, now, type ProxyContext } from "./context.ts";
import { type Dialed, dialOrigin, dropDialed } from "./dial_origin.ts";
import { type FirstBytes, sniffProxyPort } from "./first_bytes.ts";
import { HttpSession } from "./http_session.ts";
import type { Routing } from "./origin.ts";
import { negotiateSocks5, SOCKS5_REPLY, socks5Reply, write } from "./socks5.ts";
import { answerFor, secureClient } from "./tls_interception.ts";
import { type Carrier, type SessionHost, SNIFF_TIME } from "./session_host.ts";
import { runReverse } from "./reverse_session.ts";
import { runTunnel } from "./tunnel_session.ts";
import { UpstreamError } from "./upstream_error.ts";

export class ClientSession implements SessionHost {
  readonly context: ProxyContext;
  readonly record: ConnectionRecord;
  readonly #transport: Transport;
  readonly #onOver: () => void;
  #carrier: Carrier | null = null;
  #stopping = false;
  #over = false;

  constructor(context: ProxyContext, transport: Transport, onOver: () => void) {
    this.context = context;
    this.#transport = transport;
    this.#onOver = onOver;
    this.record = newConnectionRecord(context, transport.remote, transport.local, null);
    this.record.connectedAt = this.record.startedAt;
  }

  async run(): Promise<void> {
    const held = this.context.hooks.run("clientConnected", this.record);
    if (held !== null) await held;
    try {
      if (this.context.settings.mode.kind === "reverse") {
        await runReverse(this, this.#transport, this.context.settings.mode);
      } else await this.#runProxyPort(this.#transport, false);
    } catch (error) {
      // Not a peer's fault but a mistake of ours: this client loses its connection, nobody else notices.
      log(
        this.context,
        "error",
        "internal",
        `internal error on a client connection: ${describe(error)}`,
        this.record,
      );
      this.#transport.reset();
      this.over();
    }
  }

  /** Ends in good order; what waits to be decided is closed at once. */
  shutdown(): void {
    this.#stopping = true;
    if (this.#carrier === null) this.#transport.close();
    else this.#carrier.shutdown();
  }

  destroy(): void {
    this.#carrier?.destroy();
    this.#transport.reset();
    this.over();
  }

  /** From here on `carrier` carries the connection. */
  carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
    if (this.#stopping) carrier.shutdown();
  }

  /** The connection is over. */
  over(): void {
    if (this.#over) return;
    this.#over = true;
    this.record.endedAt = now();
    this.context.hooks.run("clientDisconnected", this.record);
    this.#onOver();
  }

  /** Nothing more to do with this transport: it is closed. */
  drop(transport: Transport): void {
    transport.close();
    this.over();
  }

  /** The complete hello of a client whose first bytes are TLS; null: closed, with a line in the log. */
  async readHello(transport: Transport): Promise<ClientHello | null> {
    const { tlsTimeout } = this.context.settings;
    let hello: ClientHello | null = null;
    let reason = "";
    const result = await peek(transport, { silence: tlsTimeout, undecided: tlsTimeout }, (bytes) => {
      const reading = parseClientHello(bytes);
      if (reading.kind === "hello") hello = reading.hello;
      else if (reading.kind === "not-tls") reason = reading.reason;
      else if (bytes.length <= MAX_CLIENT_HELLO_SIZE) return false;
      return true;
    });
    if (hello !== null) return hello;
    if (result.kind === "timed-out") reason = "it did not come in time";
    else if (result.kind !== "decided") reason = "the client closed first";
    log(
      this.context,
      "warn",
      "bad-client-hello",
      `the client's TLS hello cannot be read: ${reason}`,
      this.record,
    );
    this.drop(transport);
    return null;
  }

  /** HTTP from a client that is known to speak it. */
  startHttp(transport: Transport, routing: Routing): HttpSession {
    const session = new HttpSession(this.context, this.record, transport, {
      routing,
      connection: new Http1Server({
        lenient: this.context.settings.lenient,
        hopByHop: routing.kind === "explicit" ? "own" : "keep",
      }),
      onConnect: routing.kind === "explicit" ? (request) => this.#onConnect(request) : null,
      onOver: () => this.over(),
    });
    this.carriedBy(session);
    return session;
  }

  // --- The proxy's own port, regular mode ---

  async #runProxyPort(transport: Transport, insideTls: boolean): Promise<void> {
    const { idleTimeout } = this.context.settings;
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
      default:
        this.startHttp(transport, { kind: "explicit" }).start();
    }
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
      alpn: answerFor(hello, null, false),
    });
    if (secure === null) return this.over();
    await this.#runProxyPort(secure, true);
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

  #onConnect(request: ConnectRequest): void {
    this.#connect(request).catch((error) => {
      log(this.context, "error", "internal", `internal error in a tunnel: ${describe(error)}`, this.record);
      this.destroy();
    });
  }

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
    let dialed: Dialed;
    try {
      dialed = await dialOrigin(this.context, this.record, target);
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
    if (transport === null) dropDialed(this.context, this.record, dialed);
    else await runTunnel(this, transport, target, dialed);
  }
}

const SOCKS5_FAILURES: Readonly<Record<string, number>> = {
  refused: SOCKS5_REPLY.refused,
  loop: SOCKS5_REPLY.notAllowed,
  "timed-out": SOCKS5_REPLY.timedOut,
  unresolvable: SOCKS5_REPLY.hostUnreachable,
  unreachable: SOCKS5_REPLY.hostUnreachable,
};

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
