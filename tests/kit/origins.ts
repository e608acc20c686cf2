// Origins for tests: raw ones that say exactly the bytes a test gives them, plain or under TLS.

import net from "node:net";
import tls from "node:tls";
import { testOriginAuthority } from "./proxy_fixture.ts";

export interface RawOrigin extends AsyncDisposable {
  port: number;
  /** Connections accepted so far, oldest first. */
  connections: OriginConnection[];
  /** Resolves with connection number `index` (0 is the first); rejects after 5 s. */
  connection(index?: number): Promise<OriginConnection>;
}

const WAIT = 5_000;

/** One connection to an origin: what came, and what to send. */
export class OriginConnection {
  readonly socket: net.Socket;
  #received = "";
  #ended = false;
  #closed = false;
  #error: string | null = null;
  #changed = Promise.withResolvers<void>();

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Uint8Array) => {
      for (const byte of chunk) this.#received += String.fromCharCode(byte);
      this.#note();
    });
    socket.on("end", () => {
      this.#ended = true;
      this.#note();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#error = error.code ?? error.message;
      this.#note();
    });
    socket.on("close", () => {
      this.#closed = true;
      this.#note();
    });
  }

  /** Everything received so far, byte-true. */
  get received(): string {
    return this.#received;
  }

  /** "ECONNRESET" and the like, or null. */
  get error(): string | null {
    return this.#error;
  }

  /** Waits until what was received contains `text` (or all of a predicate's wish); rejects after 5 s. */
  async until(wanted: string | ((received: string) => boolean)): Promise<string> {
    const fits = typeof wanted === "string" ? (text: string) => text.includes(wanted) : wanted;
    await this.#wait(() => fits(this.#received), `"${wanted}" in ${JSON.stringify(this.#received)}`);
    return this.#received;
  }

  /** Waits until the peer has closed its direction (FIN). */
  async end(): Promise<void> {
    await this.#wait(() => this.#ended || this.#closed, "the end");
  }

  /** Waits until it is over; the error's code, or null for a clean end. */
  async closed(): Promise<string | null> {
    await this.#wait(() => this.#closed, "the close");
    return this.#error;
  }

  /** Sends a byte-true string, or bytes. */
  send(data: string | Uint8Array): void {
    this.socket.write(
      typeof data === "string" ? Uint8Array.from(data, (character) => character.charCodeAt(0)) : data,
    );
  }

  /** Half-close. */
  finish(): void {
    this.socket.end();
  }

  /** TCP RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  #note(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async #wait(done: () => boolean, what: string): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`waited ${WAIT} ms for ${what}`)), WAIT);
    });
    try {
      while (!done()) await Promise.race([this.#changed.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

export interface OriginOptions {
  /** Serve TLS with a certificate of the test authority for these names. */
  tls?: { names: string[]; alpn?: string[] };
  /** What every new connection does. */
  onConnection?: (connection: OriginConnection) => void;
}

/** Listens on a free port of 127.0.0.1. */
export async function startRawOrigin(options: OriginOptions = {}): Promise<RawOrigin> {
  const connections: OriginConnection[] = [];
  let changed = Promise.withResolvers<void>();
  const accept = (socket: net.Socket) => {
    const connection = new OriginConnection(socket);
    connections.push(connection);
    options.onConnection?.(connection);
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const server = options.tls === undefined
    ? net.createServer({ allowHalfOpen: true, noDelay: true }, accept)
    : await tlsServer(options.tls, accept);
  // A TLS server does not hand out connections whose handshake failed, but waits for them when it closes.
  const accepted: net.Socket[] = [];
  server.on("connection", (socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    connections,
    async connection(index = 0) {
      const deadline = Date.now() + WAIT;
      while (connections.length <= index) {
        if (Date.now() > deadline) throw new Error(`connection ${index} did not come`);
        let timer: ReturnType<typeof setTimeout> | undefined;
        const tick = new Promise<void>((resolve) => timer = setTimeout(resolve, WAIT));
        await Promise.race([changed.promise, tick]);
        clearTimeout(timer);
      }
      return connections[index]!;
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of connections) socket.destroy();
      for (const socket of accepted) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function tlsServer(
  { names, alpn }: NonNullable<OriginOptions["tls"]>,
  accept: (socket: net.Socket) => void,
): Promise<net.Server> {
  const authority = await testOriginAuthority();
  const leaf = await authority.leafFor({ host: names[0] ?? "localhost", extraNames: names.slice(1) });
  const server = tls.createServer({
    cert: leaf.certificatePem,
    key: leaf.keyPem,
    allowHalfOpen: true,
    ...(alpn === undefined ? {} : { ALPNProtocols: alpn }),
  } as tls.TlsOptions, (socket) => accept(socket));
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}
