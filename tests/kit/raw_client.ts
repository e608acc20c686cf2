// HTTP/1 clients for tests that say exactly the bytes a test gives them, and read one response at a time.

import net from "node:net";
import { OriginConnection, type OriginOptions } from "./origins.ts";

export interface RawResponse {
  /** Start line and fields, without the empty line. */
  head: string;
  status: number;
  /** The body without its chunked framing. */
  body: string;
  /** The lines after the last chunk. */
  trailers: string;
}

export class RawClient extends OriginConnection implements AsyncDisposable {
  #taken = 0;

  /** What came after the responses read so far. */
  get rest(): string {
    return this.received.slice(this.#taken);
  }

  /** The next response, interim ones too; a close-delimited one is complete when the proxy has closed. */
  async response(method = "GET"): Promise<RawResponse> {
    await this.until(() => this.rest.includes("\r\n\r\n"));
    const bodyAt = this.rest.indexOf("\r\n\r\n") + 4;
    const head = this.rest.slice(0, bodyAt - 4);
    const status = Number(head.split(" ")[1]);
    const bodyless = method === "HEAD" || status < 200 || status === 204 || status === 304;
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (bodyless) return this.#take(bodyAt, { head, status, body: "", trailers: "" });
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      await this.until(() => decodeChunked(this.rest.slice(bodyAt)) !== null);
      const { size, ...decoded } = decodeChunked(this.rest.slice(bodyAt))!;
      return this.#take(bodyAt + size, { head, status, ...decoded });
    }
    if (length !== null) {
      const end = bodyAt + Number(length[1]);
      await this.until(() => this.rest.length >= end);
      return this.#take(end, { head, status, body: this.rest.slice(bodyAt, end), trailers: "" });
    }
    await this.end();
    return this.#take(this.rest.length, { head, status, body: this.rest.slice(bodyAt), trailers: "" });
  }

  /** Tears it down, without a reset. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed();
  }

  #take(size: number, response: RawResponse): RawResponse {
    this.#taken += size;
    return response;
  }
}

/** Connects to a port of 127.0.0.1. */
export async function connectClient(port: number): Promise<RawClient> {
  return new RawClient(await connectSocket(port));
}

/** Through CONNECT, after the 200. */
export async function connectTunnel(proxyPort: number, target: string): Promise<RawClient> {
  const client = await connectClient(proxyPort);
  client.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  const { status } = await client.response("HEAD");
  if (status !== 200) throw new Error(`CONNECT was answered ${status}`);
  return client;
}

/** A connection that nothing is read from before the test says so. */
export async function connectSocket(port: number): Promise<net.Socket> {
  const socket = net.connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

function decodeChunked(text: string): { body: string; trailers: string; size: number } | null {
  let body = "";
  let at = 0;
  while (true) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = parseInt(text.slice(at, lineEnd), 16);
    at = lineEnd + 2;
    if (size === 0) break;
    if (text.length < at + size + 2) return null;
    body += text.slice(at, at + size);
    at += size + 2;
  }
  if (text.startsWith("\r\n", at)) return { body, trailers: "", size: at + 2 };
  const end = text.indexOf("\r\n\r\n", at);
  return end < 0 ? null : { body, trailers: text.slice(at, end), size: end + 4 };
}

/** A request in absolute form, as to an explicit proxy, for an origin on 127.0.0.1. `fields` are whole lines. */
export function absolute(method: string, port: number, path: string, fields = "", body = ""): string {
  return `${method} http://127.0.0.1:${port}${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${fields}\r\n${body}`;
}

/** What an origin does with each request it gets; the requests must have no bodies. */
export function onRequest(
  handle: (connection: OriginConnection, request: { method: string; path: string }) => void,
): OriginOptions {
  return {
    onConnection: (connection) => {
      let handled = 0;
      connection.socket.on("data", () => {
        const heads = connection.received.split("\r\n\r\n").slice(0, -1);
        for (const head of heads.slice(handled)) {
          handled++;
          const [method = "", path = ""] = head.split(" ");
          handle(connection, { method, path });
        }
      });
    },
  };
}
