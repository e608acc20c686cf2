// TLS around a transport, in both roles, over node:tls with a Duplex of ours (public API only).
// Backpressure: `pause()` of a TLSSocket does not stop Deno's native reader, so ciphertext is read only while the
// application wants plaintext. Ciphertext goes into TLS without a copy where the Duplex is consumed at once.
// Invariants: at most one chunk of ciphertext is decrypted ahead of demand; the inner transport is owned from
// `startTls*` on, and closed with this one.

import type net from "node:net";
import process from "node:process";
import tls from "node:tls";
import { CipherDuplex } from "./cipher_duplex.ts";
import { countTlsTraffic } from "./collect_garbage.ts";
import { HeldInput } from "./held_input.ts";
import type { Endpoint, Transport, TransportFault, TransportHandler } from "./transport.ts";

/** The handshake failed. `alert` is what the peer said, if it said why. */
export class TlsError extends Error {
  override readonly name = "TlsError";
  /** Node's or OpenSSL's name: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "timed-out". */
  readonly code: string;
  /** What the peer showed, in DER, where it was not accepted; else null. */
  readonly certificate: Uint8Array | null;

  constructor(code: string, message: string, certificate: Uint8Array | null = null) {
    super(message);
    this.code = code;
    this.certificate = certificate;
  }
}

export interface TlsServerOptions {
  /** Made once per certificate and kept: it is what costs. */
  secureContext: tls.SecureContext;
  /** What the handshake may agree on, in order; empty: no ALPN answer. */
  alpn: readonly string[];
  /** Milliseconds. */
  timeout: number;
}

export interface TlsClientOptions {
  secureContext: tls.SecureContext;
  /** SNI and the name that is verified; an IP address is verified, not sent. */
  serverName: string;
  sendServerName: boolean;
  alpn: readonly string[];
  verify: boolean;
  timeout: number;
}

/** Server role. Rejects with a TlsError; the inner transport is closed then. */
export function startTlsServer(inner: Transport, options: TlsServerOptions): Promise<TlsTransport> {
  const duplex = new CipherDuplex(inner);
  const socket = new tls.TLSSocket(duplex as unknown as net.Socket, {
    isServer: true,
    secureContext: options.secureContext,
    ...(options.alpn.length > 0 ? { ALPNProtocols: [...options.alpn] } : {}),
    allowHalfOpen: true,
  } as unknown as tls.TLSSocketOptions);
  return handshake(inner, duplex, socket, "secure", options.timeout);
}

/** Client role. Rejects with a TlsError; the inner transport is closed then. */
export async function startTlsClient(inner: Transport, options: TlsClientOptions): Promise<TlsTransport> {
  const duplex = new CipherDuplex(inner);
  const socket = tls.connect({
    socket: duplex,
    secureContext: options.secureContext,
    // It is refused below: node:tls would do so only after it has forgotten the certificate.
    rejectUnauthorized: false,
    allowHalfOpen: true,
    ...(options.sendServerName
      ? { servername: options.serverName }
      : { servername: "", host: options.serverName }),
    ...(options.alpn.length > 0 ? { ALPNProtocols: [...options.alpn] } : {}),
  } as unknown as tls.ConnectionOptions);
  const transport = await handshake(inner, duplex, socket, "secureConnect", options.timeout);
  if (!options.verify || socket.authorized) return transport;
  const certificate = socket.getPeerCertificate()?.raw ?? null;
  transport.close();
  const code = String(socket.authorizationError);
  throw new TlsError(code, `the peer's certificate cannot be verified: ${code}`, certificate);
}

function handshake(
  inner: Transport,
  duplex: CipherDuplex,
  socket: tls.TLSSocket,
  established: "secure" | "secureConnect",
  timeout: number,
): Promise<TlsTransport> {
  return new Promise((resolve, reject) => {
    const transport = new TlsTransport(inner, duplex, socket);
    const timer = setTimeout(() => {
      fail(new TlsError("timed-out", `the TLS handshake timed out after ${timeout / 1000} s`));
    }, timeout);
    const fail = (error: TlsError) => {
      clearTimeout(timer);
      reject(error);
      socket.destroy();
      inner.close();
    };
    socket.once(established, () => {
      clearTimeout(timer);
      transport.established();
      resolve(transport);
    });
    // After success this rejects nothing: a promise settles once.
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (!transport.isEstablished) fail(new TlsError(error.code ?? "failed", error.message));
    });
    const gone = () => {
      if (transport.isEstablished) return;
      fail(new TlsError("closed", "the peer closed the connection during the TLS handshake"));
    };
    socket.once("close", gone);
    // Deno's TLS does not take the end of the stream below for the end of a handshake.
    duplex.once("end", gone);
    // Deno's TLSSocket starts in a tick of its own, and throws there if what was read has destroyed it before.
    process.nextTick(() => duplex.start());
  });
}

export class TlsTransport implements Transport {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly #inner: Transport;
  readonly #duplex: CipherDuplex;
  readonly #socket: tls.TLSSocket;
  readonly #held = new HeldInput();
  #fault: TransportFault | null = null;
  #established = false;
  #ended = false;

  constructor(inner: Transport, duplex: CipherDuplex, socket: tls.TLSSocket) {
    this.remote = inner.remote;
    this.local = inner.local;
    this.#inner = inner;
    this.#duplex = duplex;
    this.#socket = socket;
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#fault ??= duplex.fault ?? { code: "tls", message: error.message };
    });
    socket.on("close", () => this.#held.closed(this.#fault ?? duplex.fault));
  }

  get isClosed(): boolean {
    return this.#held.isClosed;
  }

  get isEstablished(): boolean {
    return this.#established;
  }

  /** For facts about the session; not for reading or writing. */
  get session(): tls.TLSSocket {
    return this.#socket;
  }

  /** The handshake is done: plaintext may come. */
  established(): void {
    this.#established = true;
    this.#socket.on("data", (chunk: Uint8Array) => {
      countTlsTraffic(chunk.length);
      if (!this.#held.data(chunk)) this.pause();
    });
    this.#socket.on("end", () => {
      this.#held.end(!this.#duplex.endedFirst);
      // Both directions over: nothing else would close the socket below.
      if (this.#ended) this.#socket.destroySoon();
    });
    this.pause();
  }

  attach(handler: TransportHandler | null): void {
    this.#held.attach(handler);
    if (handler === null) this.pause();
    else this.resume();
  }

  unread(bytes: Uint8Array): void {
    this.#held.unread(bytes);
  }

  pause(): void {
    this.#duplex.stop();
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#held.deliver()) return;
    this.#socket.resume();
    this.#duplex.start();
  }

  write(data: Uint8Array, done: () => void): void {
    countTlsTraffic(data.length);
    this.#socket.write(data, (error) => {
      // Deno calls a write that was torn down with its socket a success.
      if ((error === null || error === undefined) && !this.#socket.destroyed) done();
    });
  }

  end(clean = true): void {
    if (this.#ended) return;
    this.#ended = true;
    // Deno writes close_notify in a tick after "finish", and leaves the stream below open: a peer may wait for its end.
    if (clean) this.#socket.end(() => setImmediate(() => this.#duplex.endBelow()));
    else this.#duplex.endBelow();
  }

  reset(): void {
    this.#inner.reset();
    this.#socket.destroy();
  }

  close(): void {
    this.#socket.destroy();
    this.#inner.close();
  }
}
