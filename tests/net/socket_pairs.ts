// Two ends of a real connection on loopback: a transport of ours, and a node:net socket in the peer's role.

import net from "node:net";
import { listen } from "../../lib/net/listen.ts";
import { SocketTransport } from "../../lib/net/socket_transport.ts";
import type { Transport } from "../../lib/net/transport.ts";

const WAIT = 5_000;

export interface SocketPair extends AsyncDisposable {
  transport: Transport;
  peer: net.Socket;
}

/** Our end is the accepted one. */
export async function acceptedPair(): Promise<SocketPair> {
  const accepted = Promise.withResolvers<SocketTransport>();
  const listener = await listen("127.0.0.1", 0, (transport) => accepted.resolve(transport));
  const peer = net.connect({
    port: listener.address.port,
    host: "127.0.0.1",
    noDelay: true,
    allowHalfOpen: true,
  });
  const transport = await accepted.promise;
  listener.close();
  return pair(transport, peer);
}

/** Our end is the one that connected. */
export async function dialedPair(): Promise<SocketPair> {
  const accepted = Promise.withResolvers<net.Socket>();
  const server = net.createServer(
    { allowHalfOpen: true, noDelay: true },
    (socket) => accepted.resolve(socket),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  const transport = await SocketTransport.connect("127.0.0.1", port, AbortSignal.timeout(WAIT));
  const peer = await accepted.promise;
  server.close();
  return pair(transport, peer);
}

/** Both ways to make one, by name. */
export const pairs: [name: string, make: () => Promise<SocketPair>][] = [
  ["accepted", acceptedPair],
  ["dialed", dialedPair],
];

function pair(transport: Transport, peer: net.Socket): SocketPair {
  peer.on("error", () => {});
  return {
    transport,
    peer,
    async [Symbol.asyncDispose]() {
      transport.close();
      if (!peer.closed) {
        const closed = new Promise((resolve) => peer.once("close", resolve));
        peer.destroy();
        await closed;
      }
    },
  };
}

/** Everything a transport brings. Stops reading when told to. */
export class Reader {
  readonly #transport: Transport;
  readonly #chunks: Uint8Array[] = [];
  #changed = Promise.withResolvers<void>();
  /** How many bytes have come. */
  length = 0;
  ended: boolean | null = null;
  /** Undefined until it is over. */
  fault: string | null | undefined = undefined;
  willing = true;

  constructor(transport: Transport) {
    this.#transport = transport;
    transport.attach({
      data: (chunk) => {
        this.#chunks.push(chunk.slice());
        this.length += chunk.length;
        this.#note();
        return this.willing;
      },
      end: (clean) => {
        this.ended = clean;
        this.#note();
      },
      closed: (fault) => {
        this.fault = fault === null ? null : fault.code;
        this.#note();
      },
    });
  }

  get bytes(): Uint8Array {
    const joined = new Uint8Array(this.length);
    let offset = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, offset);
      offset += chunk.length;
    }
    return joined;
  }

  get text(): string {
    return new TextDecoder("latin1").decode(this.bytes);
  }

  resume(): void {
    this.willing = true;
    this.#transport.resume();
  }

  /** Waits for any state; rejects after 5 s. */
  async until(reached: () => boolean): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const state = { length: this.length, ended: this.ended, fault: this.fault };
      late.reject(new Error(`waited ${WAIT} ms: ${JSON.stringify(state)}`));
    }, WAIT);
    try {
      while (!reached()) await Promise.race([this.#changed.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #note(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** A write of ours, as a promise; rejects after 5 s. */
export function written(transport: Transport, data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the write did not end")), WAIT);
    transport.write(data, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** What comes to a socket until its end, as bytes. */
export function readAll(socket: net.Socket): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    socket.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("end", () => {
      const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
      let offset = 0;
      for (const chunk of chunks) {
        joined.set(chunk, offset);
        offset += chunk.length;
      }
      resolve(joined);
    });
  });
}

/** The next event of that name, and its argument; rejects after 5 s. */
export function once<Value>(socket: net.Socket, event: string): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} in ${WAIT} ms`)), WAIT);
    socket.once(event, (value: Value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

/** A pattern repeats after so many bytes: a prime, so that no buffer size hides a piece that is missing or comes twice. */
export const PATTERN_PERIOD = 65_521;

/** Bytes that tell where they belong; those of another seed are others. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed + 1) * 2654435761 >>> 0;
  const period = Math.min(length, PATTERN_PERIOD);
  for (let index = 0; index < period; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  for (let filled = period; filled < length; filled *= 2) bytes.copyWithin(filled, 0, filled);
  return bytes;
}

/** Where two byte strings differ first, in words; null when they do not. A diff of megabytes helps nobody. */
export function difference(actual: Uint8Array, expected: Uint8Array): string | null {
  const shorter = Math.min(actual.length, expected.length);
  for (let index = 0; index < shorter; index++) {
    if (actual[index] !== expected[index]) return `other bytes from ${index} on`;
  }
  return actual.length === expected.length ? null : `${actual.length} bytes instead of ${expected.length}`;
}
