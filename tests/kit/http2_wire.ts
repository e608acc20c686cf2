// One end of an HTTP/2 connection by hand: sends exactly the frames a test gives it, and keeps every frame that came.
// It says its preface at once, acknowledges SETTINGS and answers PING, and does nothing else of its own accord.

import net from "node:net";
import tls from "node:tls";
import {
  describeFrame,
  FLAG,
  type Frame,
  FrameParser,
  ping,
  PREFACE,
  settings,
  settingsAck,
  TYPE,
} from "./http2_frames.ts";
import { testOriginAuthority } from "./proxy_fixture.ts";

/** How long a frame may take to come, in milliseconds. */
const WAIT = 5_000;

type Setting = readonly [id: number, value: number];

export class Http2Wire implements AsyncDisposable {
  readonly socket: net.Socket;
  /** Every frame that came, oldest first. */
  readonly frames: Frame[] = [];
  readonly #parser: FrameParser;
  #closed = false;
  #error: Error | null = null;
  #changed = Promise.withResolvers<void>();

  /** Takes the socket over. `own`: what it says in its SETTINGS. */
  constructor(socket: net.Socket, role: "client" | "server", own: readonly Setting[] = []) {
    this.socket = socket;
    this.#parser = new FrameParser(role === "server");
    socket.on("data", (bytes: Uint8Array) => this.#take(bytes));
    socket.on("end", () => socket.end());
    socket.on("error", (error) => this.#error ??= error);
    socket.on("close", () => {
      this.#closed = true;
      this.#note();
    });
    if (role === "client") this.send(PREFACE);
    this.send(settings(...own));
    socket.resume();
  }

  /** Every frame that came, each as one short line. */
  get log(): string[] {
    return this.frames.map(describeFrame);
  }

  send(...frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.socket.write(frame);
  }

  /** The first frame that fits, also one that came already; rejects after 5 s, and when no more can come. */
  async frame(fits: (frame: Frame) => boolean, what = String(fits)): Promise<Frame> {
    const found = () => this.frames.find(fits);
    const missing = () =>
      new Error(`${what}: not in ${JSON.stringify(this.log)}; ${this.#error?.message ?? ""}`);
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(missing()), WAIT);
    try {
      while (found() === undefined) {
        if (this.#closed || this.#error !== null) throw missing();
        await Promise.race([this.#changed.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
    return found()!;
  }

  /** HEADERS on a stream; number `index` of those that came there. */
  async headers(stream: number, index = 0): Promise<Frame> {
    const all = () => this.frames.filter((frame) => frame.type === TYPE.HEADERS && frame.stream === stream);
    await this.frame(() => all().length > index, `HEADERS #${stream}`);
    return all()[index]!;
  }

  /** Waits until a stream is over from the other side: END_STREAM or RST_STREAM. */
  async over(stream: number): Promise<Frame> {
    return await this.frame(
      ({ type, flags, stream: on }) =>
        on === stream &&
        (type === TYPE.RST_STREAM ||
          ((type === TYPE.DATA || type === TYPE.HEADERS) && (flags & FLAG.END_STREAM) !== 0)),
      `the end of #${stream}`,
    );
  }

  /** Waits until the connection is over. */
  async closed(): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`it did not close: ${this.log}`)), WAIT);
    try {
      while (!this.#closed) await Promise.race([this.#changed.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed();
  }

  #take(bytes: Uint8Array): void {
    let frames: Frame[];
    try {
      frames = this.#parser.push(bytes);
    } catch (error) {
      // No HTTP/2: shows in what waits for a frame.
      this.#error ??= error instanceof Error ? error : new Error(String(error));
      this.socket.destroy();
      return this.#note();
    }
    for (const frame of frames) {
      this.frames.push(frame);
      const isAck = (frame.flags & FLAG.ACK) !== 0;
      if (frame.type === TYPE.SETTINGS && !isAck) this.send(settingsAck);
      if (frame.type === TYPE.PING && !isAck) this.send(ping(frame.payload, true));
    }
    this.#note();
  }

  #note(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

export interface Http2Origin extends AsyncDisposable {
  /** On 127.0.0.1. */
  port: number;
  /** Connections so far, oldest first. */
  connections: Http2Wire[];
  /** Connection number `index`; rejects after 5 s. */
  connection(index?: number): Promise<Http2Wire>;
}

export interface Http2OriginOptions {
  scheme: "http" | "https";
  settings?: readonly Setting[];
  /** What every connection does. What it fails with ends the connection. */
  onConnection?: (wire: Http2Wire) => void | Promise<void>;
}

/** An origin by hand, at localhost; over TLS it speaks nothing but h2. */
export async function startHttp2Origin(options: Http2OriginOptions): Promise<Http2Origin> {
  const connections: Http2Wire[] = [];
  const sockets = new Set<net.Socket>();
  let changed = Promise.withResolvers<void>();
  const accept = (socket: net.Socket) => {
    const wire = new Http2Wire(socket, "server", options.settings);
    connections.push(wire);
    (async () => await options.onConnection?.(wire))().catch(() => socket.destroy());
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const server = options.scheme === "http"
    ? net.createServer({ noDelay: true }, accept)
    : await tlsServer(accept);
  server.on("connection", (socket: net.Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    connections,
    async connection(index = 0) {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(new Error(`connection ${index} did not come`)), WAIT);
      try {
        while (connections.length <= index) await Promise.race([changed.promise, late.promise]);
      } finally {
        clearTimeout(timer);
      }
      return connections[index]!;
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of connections) socket.destroy();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function tlsServer(accept: (socket: net.Socket) => void): Promise<net.Server> {
  const authority = await testOriginAuthority();
  const leaf = await authority.leafFor({ host: "localhost", extraNames: ["127.0.0.1", "*.example"] });
  const { certificatePem: cert, keyPem: key } = leaf;
  const server = tls.createServer({ cert, key, ALPNProtocols: ["h2"] }, (socket) => {
    // Else small writes over TLS wait for the peer's delayed acknowledgement.
    socket.setNoDelay(true);
    accept(socket);
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}
