// HTTP/2 clients of the proxy, by hand: frames as a test gives them, on the proxy's port, over TLS, or in a tunnel.

import { HpackDecoder } from "../../lib/hpack/decoder.ts";
import { type FieldLine, fragmentOf, type Frame } from "../kit/http2_frames.ts";
import { Http2Wire } from "../kit/http2_wire.ts";
import { connectSocket, connectTls, type TlsOptions, tunnelSocket } from "./tunnel_clients.ts";

type Settings = readonly (readonly [id: number, value: number])[];

/** By prior knowledge: RFC 9113, 3.3. */
export async function connectHttp2(port: number, settings: Settings = []): Promise<Http2Wire> {
  return new Http2Wire(await connectSocket(port), "client", settings);
}

/** Over TLS, with h2 agreed on. */
export async function connectHttp2Tls(
  port: number,
  ca: string,
  more: Partial<TlsOptions> = {},
): Promise<Http2Wire> {
  const client = await connectTls(port, {
    serverName: "proxy.example",
    ca,
    alpn: ["h2", "http/1.1"],
    ...more,
  });
  client.socket.removeAllListeners("data");
  if (client.alpn !== "h2") throw new Error(`${client.alpn} was agreed on`);
  return new Http2Wire(client.socket, "client");
}

/** By prior knowledge in a tunnel that HTTP/1's CONNECT made. */
export async function tunnelHttp2(port: number, target: string, settings: Settings = []): Promise<Http2Wire> {
  return new Http2Wire(await tunnelSocket(port, target), "client", settings);
}

/** The fields of a GET for a URL. */
export function getFields(url: string, ...more: readonly FieldLine[]): FieldLine[] {
  return requestFields("GET", url, ...more);
}

export function requestFields(method: string, url: string, ...more: readonly FieldLine[]): FieldLine[] {
  const { protocol, host, pathname, search } = new URL(url);
  return [
    [":method", method],
    [":scheme", protocol.slice(0, -1)],
    [":authority", host],
    [":path", pathname + search],
    ...more,
  ];
}

export function connectFields(authority: string): FieldLine[] {
  return [[":method", "CONNECT"], [":authority", authority]];
}

/** Reads the header blocks of one connection: all of them, in order. */
export class HeadReader {
  readonly #decoder = new HpackDecoder({ maxTableSize: 4096, maxListSize: 1 << 16, maxFields: 500 });

  read(frame: Frame): Map<string, string> {
    const block = this.#decoder.decode(fragmentOf(frame));
    if (block.kind === "fault") throw new Error(block.message);
    const fields = new Map<string, string>();
    for (let index = 0; index < block.list.length; index += 2) {
      fields.set(block.list[index]!, block.list[index + 1]!);
    }
    return fields;
  }
}

/** The text of all DATA on a stream so far. */
export function bodyOf(wire: Http2Wire, stream: number): string {
  const pieces = wire.frames.filter((frame) => frame.type === 0 && frame.stream === stream);
  return pieces.map(({ payload }) => String.fromCharCode(...payload)).join("");
}
