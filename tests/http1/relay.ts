// Two legs in memory: raw client bytes -> Http1Server -> relay -> Http1Client -> raw server bytes, and back.
// What one side's `next()` gives, the other side's `send()` takes: nothing else happens here.

import { type HttpConnection, type HttpEvent, isHttpEvent, type Signal } from "../../lib/http/connection.ts";
import { Http1Client } from "../../lib/http1/client.ts";
import type { Http1Options } from "../../lib/http1/limits.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { bytesOf, describe, takeText } from "./drive.ts";

export class Relay {
  readonly server: Http1Server;
  readonly client: Http1Client;
  /** Everything said, in order: "<" from the client leg, ">" from the server leg. */
  readonly said: string[] = [];
  /** What the raw client and the raw server have got. */
  toClient = "";
  toServer = "";
  #method = "";
  #serverStream = 0;
  #clientStream = 0;

  constructor(options: Http1Options) {
    this.server = new Http1Server(options);
    this.client = new Http1Client(options);
  }

  /** The raw client sends (null: ends). */
  fromClient(text: string | null): void {
    this.#feed(this.server, text);
  }

  /** The raw server sends (null: ends). */
  fromServer(text: string | null): void {
    this.#feed(this.client, text);
  }

  #feed(connection: HttpConnection, text: string | null): void {
    if (text === null) {
      connection.receiveEnd();
      this.#turn();
      return;
    }
    const chunk = bytesOf(text);
    connection.receive(chunk);
    this.#turn();
    chunk.fill(0xaa);
  }

  #turn(): void {
    for (;;) {
      const fromClient = this.server.next();
      const fromServer = fromClient === null ? this.client.next() : null;
      if (fromClient !== null) this.#request(fromClient);
      else if (fromServer !== null) this.#response(fromServer);
      else break;
    }
    this.toServer += takeText(this.client);
    this.toClient += takeText(this.server);
  }

  #request(event: HttpEvent | Signal): void {
    this.said.push(`< ${describe(event)}`);
    if (!isHttpEvent(event)) return;
    if (event.kind === "head") {
      this.#serverStream = event.stream;
      this.#clientStream = this.client.openStream() ?? 0;
      if (event.head.kind === "request") this.#method = event.head.method;
    }
    this.#pass(event, this.server, this.client, this.#clientStream);
  }

  #response(event: HttpEvent | Signal): void {
    this.said.push(`> ${describe(event)}`);
    if (!isHttpEvent(event)) return;
    this.#pass(event, this.client, this.server, this.#serverStream);
    if (event.kind !== "head" || event.head.kind !== "response") return;
    const { status } = event.head;
    if (status !== 101 && !(this.#method === "CONNECT" && status >= 200 && status < 300)) return;
    this.server.tunnel(this.#serverStream);
    this.client.tunnel(this.#clientStream);
  }

  #pass(event: HttpEvent, from: HttpConnection, to: HttpConnection, stream: number): void {
    to.send({ ...event, stream });
    if (event.kind !== "data") return;
    from.consume(event.stream, event.credit);
  }
}
