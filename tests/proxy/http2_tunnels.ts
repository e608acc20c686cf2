// A node:http2 client of the proxy that opens tunnels in its connection, and an origin that says everything back.

import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type net from "node:net";
import type { ProxyFixture } from "../kit/proxy_fixture.ts";
import { Client } from "./tunnel_clients.ts";

/** Says everything back. */
export function echo(connection: { socket: net.Socket; send(data: Uint8Array): void; finish(): void }): void {
  connection.socket.on("data", (chunk: Uint8Array) => connection.send(chunk));
  connection.socket.on("end", () => connection.finish());
}

/** A node:http2 client of the proxy; disposing closes it. */
export class Session implements AsyncDisposable {
  readonly session: http2.ClientHttp2Session;

  constructor(proxy: ProxyFixture, secure: boolean) {
    this.session = secure
      ? http2.connect(`https://127.0.0.1:${proxy.port}`, { ca: proxy.authority.certificatePem })
      : http2.connect(`http://127.0.0.1:${proxy.port}`);
  }

  /** A tunnel, after its 200. */
  async tunnel(authority: string): Promise<Client> {
    const stream = this.session.request({ ":method": "CONNECT", ":authority": authority }, {
      endStream: false,
    });
    const [head] = await once(stream, "response");
    assert.equal(head[":status"], 200);
    return new Client(stream as unknown as net.Socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.session.destroyed) return;
    const closed = once(this.session, "close");
    this.session.destroy();
    await closed;
  }
}
