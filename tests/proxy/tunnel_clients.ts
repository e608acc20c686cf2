// Clients for tests: bytes to the proxy's port, a CONNECT tunnel, and TLS inside it.

import net from "node:net";
import tls from "node:tls";
import { OriginConnection } from "../kit/origins.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";

const WAIT = 5_000;

/** A connection of ours; `await using` tears it down. */
export class Client extends OriginConnection implements AsyncDisposable {
  constructor(socket: net.Socket) {
    super(socket);
    socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed();
  }
}

/** Connects to a port of 127.0.0.1, half-open allowed. */
export async function connectClient(port: number, host = "127.0.0.1"): Promise<Client> {
  return new Client(await connectSocket(port, host));
}

/** Through CONNECT, after the 200. `early` is sent together with the request. */
export async function openTunnel(proxyPort: number, target: string, early = ""): Promise<Client> {
  return new Client(await tunnelSocket(proxyPort, target, early));
}

export interface TlsOptions {
  /** SNI; null: none. */
  serverName: string | null;
  /** PEM of the CA to trust; null: whatever certificate comes. */
  ca: string | null;
  alpn?: string[];
  more?: tls.ConnectionOptions;
}

/** A TLS client inside a CONNECT tunnel, after its handshake. Rejects when that fails. */
export async function openTlsTunnel(
  proxyPort: number,
  target: string,
  options: TlsOptions,
): Promise<TlsClient> {
  return await secure(await tunnelSocket(proxyPort, target), options);
}

/** A TLS client straight to a port. */
export async function connectTls(port: number, options: TlsOptions): Promise<TlsClient> {
  return await secure(await connectSocket(port, "127.0.0.1"), options);
}

/** Puts TLS on what a client has. It must not have received anything that belongs to TLS yet. */
export function secure(socket: net.Socket, options: TlsOptions): Promise<TlsClient> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error("the TLS handshake did not end")), WAIT);
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      session.destroy();
      reject(error);
    };
    const session = tls.connect({
      socket,
      ...(options.serverName === null ? { servername: "" } : { servername: options.serverName }),
      ...(options.ca === null ? { rejectUnauthorized: false } : { ca: options.ca }),
      ...(options.alpn === undefined ? {} : { ALPNProtocols: options.alpn }),
      allowHalfOpen: true,
      ...options.more,
    } as unknown as tls.ConnectionOptions);
    session.once("error", fail);
    session.once("secureConnect", () => {
      clearTimeout(timer);
      session.removeListener("error", fail);
      resolve(new TlsClient(session));
    });
  });
}

export class TlsClient extends Client {
  readonly session: tls.TLSSocket;

  constructor(session: tls.TLSSocket) {
    super(session);
    this.session = session;
  }

  get alpn(): string | null {
    const { alpnProtocol } = this.session;
    return typeof alpnProtocol === "string" && alpnProtocol !== "" ? alpnProtocol : null;
  }

  /** SHA-256 of the certificate we were shown. */
  get fingerprint(): string {
    return this.session.getPeerCertificate().fingerprint256;
  }

  /** Sorted: "DNS:example.com", "IP Address:127.0.0.1". */
  get altNames(): string[] {
    return (this.session.getPeerCertificate().subjectaltname ?? "").split(", ").sort();
  }
}

/** SHA-256 of the certificate the test origins show for these names. */
export async function originFingerprint(names: string[]): Promise<string> {
  const authority = await testOriginAuthority();
  const leaf = await authority.leafFor({ host: names[0] ?? "localhost", extraNames: names.slice(1) });
  return leaf.facts.fingerprint;
}

export function connectSocket(port: number, host = "127.0.0.1"): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, noDelay: true, allowHalfOpen: true }, () => {
      socket.removeListener("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/** Sends CONNECT and takes the answer off; rejects with it when it is not 200. */
export async function tunnelSocket(proxyPort: number, target: string, early = ""): Promise<net.Socket> {
  const socket = await connectSocket(proxyPort);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n${early}`);
  const head = await readHead(socket);
  if (!head.startsWith("HTTP/1.1 200 ")) {
    socket.destroy();
    throw new Error(head);
  }
  return socket;
}

/** Takes everything up to an empty line off a socket; what follows stays in it, paused. */
export function readHead(socket: net.Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let bytes = new Uint8Array(0);
    const timer = setTimeout(() => done(() => reject(new Error("no head came"))), WAIT);
    const done = (settle: () => void) => {
      clearTimeout(timer);
      socket.pause();
      socket.off("data", take).off("error", failed).off("close", closed);
      settle();
    };
    const failed = (error: Error) => done(() => reject(error));
    const closed = () => done(() => reject(new Error("closed before a head came")));
    const take = (chunk: Uint8Array) => {
      bytes = Uint8Array.from([...bytes, ...chunk]);
      const text = String.fromCharCode(...bytes);
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      done(() => {
        const rest = bytes.subarray(end + 4);
        if (rest.length > 0) socket.unshift(rest);
        resolve(text.slice(0, end + 4));
      });
    };
    socket.on("data", take).on("error", failed).on("close", closed);
  });
}

/** Rejects when it takes more than 5 s. */
export async function soon<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${WAIT} ms for ${what}`)), WAIT);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
