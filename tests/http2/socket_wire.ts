// Our codec at one end of a socket: what the driver does in the proxy, small. Every frame of ours goes through the
// observer here too.

import { Fields } from "../../lib/http/fields.ts";
import type { HttpEvent, Signal } from "../../lib/http/connection.ts";
import { Http2Client } from "../../lib/http2/client.ts";
import { Http2Server } from "../../lib/http2/server.ts";
import { responseHead, Wire } from "./drive.ts";

/** How long anything may take, in milliseconds. */
const LIMIT = 20_000;

export class SocketWire {
  readonly wire: Wire;
  readonly #socket: Deno.TcpConn;
  readonly #waiting: Uint8Array[] = [];
  #writing: Promise<void> = Promise.resolve();
  /** The socket is done with, in both directions. */
  readonly over: Promise<void>;
  readonly #wakes: (() => void)[] = [];

  constructor(socket: Deno.TcpConn, wire: Wire) {
    this.wire = wire;
    this.#socket = socket;
    wire.onBytes = (bytes) => this.#write(bytes.slice());
    wire.turn();
    this.over = this.#read();
  }

  /** Resolves when `done` says so; looks after each turn. Rejects when the connection ends before, or LIMIT passes. */
  async until(done: () => boolean): Promise<void> {
    let failure = "";
    const fail = (why: string): void => {
      failure = why;
      for (const wake of this.#wakes.splice(0)) wake();
    };
    const limit = setTimeout(() => fail("nothing came of it"), LIMIT);
    this.over.then(() => fail("the connection ended"));
    try {
      while (!done()) {
        if (failure !== "") throw new Error(`${failure}: ${JSON.stringify(this.wire.texts().slice(-5))}`);
        await new Promise<void>((resolve) => this.#wakes.push(resolve));
      }
    } finally {
      clearTimeout(limit);
    }
  }

  async close(): Promise<void> {
    await this.#writing;
    try {
      this.#socket.close();
    } catch {
      // It was closed when the peer ended.
    }
    await this.over;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    for (;;) {
      let length: number | null;
      try {
        length = await this.#socket.read(buffer);
      } catch {
        length = null;
      }
      if (length === null) this.wire.end();
      else this.wire.feed(buffer.slice(0, length));
      for (const wake of this.#wakes.splice(0)) wake();
      if (length === null || this.wire.codec.closing) break;
    }
    await this.#writing;
    try {
      this.#socket.close();
    } catch {
      // By `close()`.
    }
  }

  /** Reading does not wait for it. */
  #write(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    if (this.#waiting.length > 1) return;
    this.#writing = (async () => {
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
        try {
          for (let at = 0; at < next.length;) at += await this.#socket.write(next.subarray(at));
        } catch {
          // The peer is gone; reading says so.
        }
        this.#waiting.shift();
      }
    })();
  }
}

export async function dial(port: number): Promise<SocketWire> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  return new SocketWire(socket, new Wire(new Http2Client({ hopByHop: "keep", scheme: "http" }), "client"));
}

/** Our server on a port of its own, answering each connection by `routes`. */
export class Listening implements AsyncDisposable {
  readonly port: number;
  readonly connections: SocketWire[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Promise<void>;

  constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.connections) await connection.close();
  }

  async #accept(): Promise<void> {
    for await (const socket of this.#listener) {
      const wire = new Wire(new Http2Server({ hopByHop: "keep" }), "server");
      wire.onEvent = routes(wire);
      this.connections.push(new SocketWire(socket, wire));
    }
  }
}

export const LARGE = 3_000_000;
export const pattern = (length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, index) => index % 251);

/** Answers as the paths ask. */
function routes(wire: Wire): (event: HttpEvent | Signal) => void {
  const { codec } = wire;
  const echoing = new Set<number>();
  const trailing = new Set<number>();
  const respond = (stream: number, status: number, end = false, ...fields: [string, string][]): void =>
    codec.send({ kind: "head", stream, head: responseHead(status, { fields: Fields.of(...fields) }), end });
  const send = (stream: number, data: Uint8Array, end: boolean): void =>
    codec.send({ kind: "data", stream, data, credit: data.length, end });
  const text = (stream: number, content: string, end = true): void =>
    send(stream, Uint8Array.from(content, (character) => character.charCodeAt(0)), end);
  return (event) => {
    if (event.kind === "data" && echoing.has(event.stream)) return send(event.stream, event.data, event.end);
    if (event.kind === "trailers" && trailing.has(event.stream)) {
      respond(event.stream, 200);
      text(event.stream, "body", false);
      const fields = Fields.of(["x-back", event.fields.get("x-sum") ?? "none"]);
      return codec.send({ kind: "trailers", stream: event.stream, fields });
    }
    if (event.kind !== "head" || event.head.kind !== "request") return;
    const { stream, head } = event;
    if (head.method === "CONNECT") {
      respond(stream, 200);
      codec.tunnel(stream);
      echoing.add(stream);
      return;
    }
    switch (head.path) {
      case "/hello":
        respond(stream, 200, head.method === "HEAD", ["x-echo", head.fields.get("x-echo") ?? "none"]);
        if (head.method !== "HEAD") text(stream, "hello");
        return;
      case "/empty":
        return respond(stream, 204, true);
      case "/echo":
        respond(stream, 200, event.end);
        echoing.add(stream);
        return;
      case "/large":
        respond(stream, 200);
        return send(stream, pattern(LARGE), true);
      case "/endless":
        respond(stream, 200);
        return send(stream, pattern(LARGE), false);
      case "/interim":
        respond(stream, 103, false, ["x-early", "1"]);
        respond(stream, 103, false, ["x-early", "2"]);
        respond(stream, 200);
        return text(stream, "late");
      case "/trailers":
        trailing.add(stream);
        return;
      case "/reset": {
        respond(stream, 200);
        text(stream, "some", false);
        const fault = {
          scope: "stream",
          peer: "server",
          code: "INTERNAL_ERROR",
          status: 502,
          message: "",
          rule: "",
        };
        return codec.send({ kind: "reset", stream, fault: { ...fault, scope: "stream", peer: "server" } });
      }
      case "/push": {
        const promised = codec.push(stream, { ...head, target: "/pushed", path: "/pushed" });
        respond(stream, 200);
        text(stream, promised === null ? "no push" : "asked for");
        if (promised === null) return;
        respond(promised, 200);
        return text(promised, "pushed");
      }
      default:
        return respond(stream, 404, true);
    }
  };
}
