// TLS on loopback: our transport in one role, an independent node:tls in the other.

import net from "node:net";
import tls from "node:tls";
import { listen } from "../../lib/net/listen.ts";
import { SocketTransport } from "../../lib/net/socket_transport.ts";
import { startTlsClient, startTlsServer, type TlsTransport } from "../../lib/net/tls_transport.ts";
import type { Transport, TransportHandler } from "../../lib/net/transport.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";
import { acceptedPair } from "./socket_pairs.ts";

export const NAME = "pair.example";
export const TIMEOUT = 5_000;

export interface TlsPair extends AsyncDisposable {
  transport: TlsTransport;
  /** What goes over the wire from our side. */
  tap: Tap;
  peer: tls.TLSSocket;
}

export interface TlsPairOptions {
  alpn?: string[];
  /** What both sides speak at most, and at least. */
  version?: tls.SecureVersion;
}

/** Our end is the server. */
export async function serverPair(options: TlsPairOptions = {}): Promise<TlsPair> {
  const { certificatePem, keyPem } = await leaf();
  const pair = await acceptedPair();
  const tap = new Tap(pair.transport);
  const serving = startTlsServer(tap, {
    secureContext: tls.createSecureContext({ cert: certificatePem, key: keyPem }),
    alpn: options.alpn ?? [],
    timeout: TIMEOUT,
  });
  const peer = tls.connect({
    socket: pair.peer,
    servername: NAME,
    ca: (await testOriginAuthority()).certificatePem,
    allowHalfOpen: true,
    ...(options.alpn === undefined ? {} : { ALPNProtocols: options.alpn }),
    ...versions(options),
  } as unknown as tls.ConnectionOptions);
  peer.on("error", () => {});
  const connected = new Promise<void>((resolve) => peer.once("secureConnect", resolve));
  const transport = await serving;
  await connected;
  return tlsPair(transport, tap, peer, pair);
}

/** Our end is the client. */
export async function clientPair(options: TlsPairOptions = {}): Promise<TlsPair> {
  const { certificatePem, keyPem } = await leaf();
  const server = tls.createServer({
    cert: certificatePem,
    key: keyPem,
    allowHalfOpen: true,
    ...(options.alpn === undefined ? {} : { ALPNProtocols: options.alpn }),
    ...versions(options),
  } as tls.TlsOptions);
  const accepted = new Promise<tls.TLSSocket>((resolve) => server.once("secureConnection", resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  const inner = await SocketTransport.connect("127.0.0.1", port, AbortSignal.timeout(TIMEOUT));
  const tap = new Tap(inner);
  const transport = await startTlsClient(tap, {
    secureContext: tls.createSecureContext({ ca: (await testOriginAuthority()).certificatePem }),
    serverName: NAME,
    sendServerName: true,
    alpn: options.alpn ?? [],
    verify: true,
    timeout: TIMEOUT,
  });
  const peer = await accepted;
  peer.on("error", () => {});
  server.close();
  return tlsPair(transport, tap, peer, { transport: inner, peer: new net.Socket() });
}

export const tlsPairs: [role: string, make: (options?: TlsPairOptions) => Promise<TlsPair>][] = [
  ["server", serverPair],
  ["client", clientPair],
];

/** Both ends are ours. */
export async function ownPair(): Promise<
  { client: TlsTransport; server: TlsTransport; taps: [Tap, Tap] } & AsyncDisposable
> {
  const { certificatePem, keyPem } = await leaf();
  const accepted = Promise.withResolvers<Transport>();
  const listener = await listen("127.0.0.1", 0, (transport) => accepted.resolve(transport));
  const dialed = await SocketTransport.connect(
    "127.0.0.1",
    listener.address.port,
    AbortSignal.timeout(TIMEOUT),
  );
  const taps: [Tap, Tap] = [new Tap(dialed), new Tap(await accepted.promise)];
  listener.close();
  const [client, server] = await Promise.all([
    startTlsClient(taps[0], {
      secureContext: tls.createSecureContext({ ca: (await testOriginAuthority()).certificatePem }),
      serverName: NAME,
      sendServerName: true,
      alpn: [],
      verify: true,
      timeout: TIMEOUT,
    }),
    startTlsServer(taps[1], {
      secureContext: tls.createSecureContext({ cert: certificatePem, key: keyPem }),
      alpn: [],
      timeout: TIMEOUT,
    }),
  ]);
  return {
    client,
    server,
    taps,
    async [Symbol.asyncDispose]() {
      client.close();
      server.close();
      await Promise.resolve();
    },
  };
}

/** A transport that notes what is written to it, and whether its direction was ended. */
export class Tap implements Transport {
  readonly #inner: Transport;
  readonly #written: Uint8Array[] = [];
  ended = false;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  /** RFC 8446, 5.1: the content types of the records that went out. In TLS 1.2 an alert shows as 21. */
  get recordTypes(): number[] {
    const bytes = new Uint8Array(this.#written.reduce((sum, { length }) => sum + length, 0));
    let filled = 0;
    for (const piece of this.#written) {
      bytes.set(piece, filled);
      filled += piece.length;
    }
    const types: number[] = [];
    for (let at = 0; at + 5 <= bytes.length; at += 5 + ((bytes[at + 3]! << 8) | bytes[at + 4]!)) {
      types.push(bytes[at]!);
    }
    return types;
  }

  get remote() {
    return this.#inner.remote;
  }

  get local() {
    return this.#inner.local;
  }

  get isClosed(): boolean {
    return this.#inner.isClosed;
  }

  attach(handler: TransportHandler | null): void {
    this.#inner.attach(handler);
  }

  unread(bytes: Uint8Array): void {
    this.#inner.unread(bytes);
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  write(data: Uint8Array, done: () => void): void {
    this.#written.push(data.slice());
    this.#inner.write(data, done);
  }

  end(): void {
    this.ended = true;
    this.#inner.end();
  }

  reset(): void {
    this.#inner.reset();
  }

  close(): void {
    this.#inner.close();
  }
}

async function leaf() {
  return await (await testOriginAuthority()).leafFor({ host: NAME, extraNames: [] });
}

function versions({ version }: TlsPairOptions) {
  return version === undefined ? {} : { minVersion: version, maxVersion: version };
}

function tlsPair(
  transport: TlsTransport,
  tap: Tap,
  peer: tls.TLSSocket,
  under: { transport: Transport; peer: net.Socket },
): TlsPair {
  return {
    transport,
    tap,
    peer,
    async [Symbol.asyncDispose]() {
      transport.close();
      under.transport.close();
      for (const socket of [peer, under.peer]) {
        if (socket.closed) continue;
        const closed = new Promise((resolve) => socket.once("close", resolve));
        socket.destroy();
        await closed;
      }
    },
  };
}
