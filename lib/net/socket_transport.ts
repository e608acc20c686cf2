// A TCP socket as a transport, over node:net with its `onread` buffer.
// Why not Deno.Conn: it cannot send RST, and a reset on one side must be a reset on the other (measured, see
// ARCHITECTURE.md, Decisions). One read buffer serves all sockets: a read and its delivery are one synchronous step,
// so memory does not grow with connections, and no garbage is made per chunk.

import net from "node:net";
import { HeldInput } from "./held_input.ts";
import type { Endpoint, Transport, TransportFault, TransportHandler } from "./transport.ts";

/** One read at most: large enough that a bulk transfer is not bound by calls, small enough to stay in cache. */
const READ_SIZE = 64 * 1024;

/** After a failed write: how long what the peer said before may take to be read, milliseconds. It is here already. */
const READ_OUT_TIME = 2_000;

const readBuffer = new Uint8Array(READ_SIZE);

interface OnRead {
  buffer: Uint8Array;
  callback: (count: number, buffer: Uint8Array) => boolean;
}

/** Options of node:net that its type declarations leave out; all are in Node's own source. */
interface SocketOptions {
  handle?: unknown;
  allowHalfOpen: boolean;
  onread: OnRead;
}

export class SocketTransport implements Transport {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly #socket: net.Socket;
  readonly #held = new HeldInput();
  #fault: TransportFault | null = null;
  #ended = false;
  /** Set once a write has failed: the socket is read to its end, and destroyed then. */
  #readOut: ReturnType<typeof setTimeout> | null = null;

  private constructor(socket: net.Socket, callbacks: OnReadTarget) {
    this.#socket = socket;
    this.remote = { host: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 };
    this.local = { host: plainAddress(socket.localAddress), port: socket.localPort ?? 0 };
    callbacks.target = this;
    this.#keepAfterFailedWrite();
    socket.on("end", () => {
      // Nothing went wrong with what was read, but what we wrote is lost.
      if (this.#readOut !== null) socket.destroy();
      else this.#held.end(true);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => this.#fault ??= faultOf(error));
    socket.on("close", () => {
      if (this.#readOut !== null) clearTimeout(this.#readOut);
      this.#held.closed(this.#fault);
    });
  }

  /** Takes over a socket that a node:net server has just accepted (with `pauseOnConnect`). */
  static accepted(accepted: net.Socket): SocketTransport {
    const handle = Reflect.get(accepted, "_handle");
    // Node's server makes the socket itself and gives no way to name a read buffer: move the handle to a socket that has one.
    Reflect.set(accepted, "_handle", null);
    accepted.destroy();
    const callbacks = new OnReadTarget();
    const options: SocketOptions = { handle, allowHalfOpen: true, onread: callbacks.onRead };
    const socket = new net.Socket(options as net.SocketConstructorOpts);
    return new SocketTransport(socket, callbacks);
  }

  /** Connects. Rejects with the system's error, or when `signal` is aborted. */
  static connect(host: string, port: number, signal: AbortSignal): Promise<SocketTransport> {
    return new Promise((resolve, reject) => {
      const callbacks = new OnReadTarget();
      const socket = net.connect({
        host,
        port,
        noDelay: true,
        allowHalfOpen: true,
        onread: callbacks.onRead as net.OnReadOpts,
      });
      const fail = (error: Error) => {
        signal.removeEventListener("abort", abort);
        reject(error);
      };
      const abort = () => {
        socket.destroy();
        fail(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
      };
      signal.addEventListener("abort", abort, { once: true });
      socket.once("error", fail);
      socket.once("connect", () => {
        signal.removeEventListener("abort", abort);
        socket.removeListener("error", fail);
        socket.pause();
        resolve(new SocketTransport(socket, callbacks));
      });
    });
  }

  get isClosed(): boolean {
    return this.#held.isClosed;
  }

  /** Called for each read; the bytes are a view of the shared buffer. */
  read(chunk: Uint8Array): boolean {
    return this.#held.data(chunk);
  }

  attach(handler: TransportHandler | null): void {
    this.#held.attach(handler);
    if (handler === null) this.#socket.pause();
    else if (this.#held.deliver()) this.#socket.resume();
  }

  unread(bytes: Uint8Array): void {
    this.#held.unread(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (this.#held.deliver()) this.#socket.resume();
  }

  write(data: Uint8Array, done: () => void): void {
    this.#socket.write(data, (error) => {
      if (error === null || error === undefined) done();
    });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  /**
   * A peer that answers, closes and does not read resets the connection: our write fails while its answer waits to be read
   * (RFC 9112, 9.6). node:net destroys the socket on a failed write, and the answer with it.
   */
  #keepAfterFailedWrite(): void {
    const socket = this.#socket;
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error?: Error & { syscall?: string }) => {
      if (error?.syscall !== "write" || this.#readOut !== null) return destroy(error);
      this.#fault = faultOf(error);
      this.#readOut = setTimeout(() => destroy(error), READ_OUT_TIME);
      return socket;
    };
  }
}

/** Stands between node:net, which wants its callback first, and the transport, which wants its socket first. */
class OnReadTarget {
  target: SocketTransport | null = null;
  readonly onRead: OnRead = {
    buffer: readBuffer,
    callback: (count, buffer) => this.target !== null && this.target.read(buffer.subarray(0, count)),
  };
}

function faultOf(error: NodeJS.ErrnoException): TransportFault {
  const isReset = error.code === "ECONNRESET" || error.code === "EPIPE";
  return { code: isReset ? "reset" : "failed", message: error.code ?? error.message };
}

/** An IPv4 address mapped into IPv6 is shown as what it is. */
function plainAddress(address: string | undefined): string {
  const text = address ?? "";
  return text.startsWith("::ffff:") ? text.slice(7) : text;
}
