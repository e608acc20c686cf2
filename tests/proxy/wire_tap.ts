// A wire that can be looked at: a plain relay in front of a port. It shows what goes by and how it ends, byte-true,
// and can end it in ways a well-behaved peer would not.

import net from "node:net";

const WAIT = 5_000;

export interface WireTap extends AsyncDisposable {
  port: number;
  /** Resolves with connection number `index`; rejects after 5 s. */
  wire(index?: number): Promise<Wire>;
}

/** One connection through the tap. `near` is whoever connected to it, `far` the port behind it. */
export class Wire {
  readonly near: Side;
  readonly far: Side;

  constructor(near: net.Socket, far: net.Socket, byteByByte: boolean) {
    this.near = new Side(near, far, byteByByte);
    this.far = new Side(far, near, false);
  }
}

/** One end, as the tap sees it. */
export class Side {
  readonly #socket: net.Socket;
  readonly #received: Uint8Array[] = [];
  #changed = Promise.withResolvers<void>();
  /** The peer closed its direction. */
  ended = false;
  /** "ECONNRESET" and the like. */
  error: string | null = null;
  closed = false;

  constructor(socket: net.Socket, other: net.Socket, byteByByte: boolean) {
    this.#socket = socket;
    socket.on("data", (chunk: Uint8Array) => {
      this.#received.push(chunk);
      if (byteByByte) {
        for (const byte of chunk) other.write(Uint8Array.of(byte));
        return;
      }
      if (other.write(chunk)) return;
      socket.pause();
      other.once("drain", () => socket.resume());
    });
    socket.on("end", () => {
      this.ended = true;
      other.end();
      this.#note();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.error ??= error.code ?? error.message;
      if (error.code === "ECONNRESET") other.resetAndDestroy();
      this.#note();
    });
    socket.on("close", () => {
      this.closed = true;
      this.#note();
    });
  }

  /** What came from this end. */
  get received(): Uint8Array {
    const bytes = new Uint8Array(this.#received.reduce((sum, { length }) => sum + length, 0));
    let filled = 0;
    for (const piece of this.#received) {
      bytes.set(piece, filled);
      filled += piece.length;
    }
    return bytes;
  }

  /** A reset towards this end, as if the other had done it. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** An end towards this end, without asking the other: TLS sees a truncation. */
  end(): void {
    this.#socket.end();
  }

  /** How this end stopped: "ECONNRESET" and the like, or null for a good end. */
  async over(): Promise<string | null> {
    await this.#until(() => this.closed || this.error !== null, "the end of a wire");
    return this.error;
  }

  async endOfInput(): Promise<void> {
    await this.#until(() => this.ended || this.closed, "the end of input");
  }

  #note(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #until(reached: () => boolean, what: string): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`waited ${WAIT} ms for ${what}`)), WAIT);
    try {
      while (!reached()) await Promise.race([this.#changed.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Listens on a free port of 127.0.0.1 and connects to `port` for every connection. `byteByByte`: what comes from near
 * goes on with a write for each byte.
 */
export async function startWireTap(port: number, byteByByte = false): Promise<WireTap> {
  const sockets: net.Socket[] = [];
  const wires: Wire[] = [];
  let changed = Promise.withResolvers<void>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    sockets.push(near, far);
    wires.push(new Wire(near, far, byteByByte));
    changed.resolve();
    changed = Promise.withResolvers();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    async wire(index = 0) {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(new Error(`wire ${index} did not come`)), WAIT);
      try {
        while (wires.length <= index) await Promise.race([changed.promise, late.promise]);
      } finally {
        clearTimeout(timer);
      }
      return wires[index]!;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) {
        if (socket.closed) continue;
        const closed = new Promise((resolve) => socket.once("close", resolve));
        socket.destroy();
        await closed;
      }
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
