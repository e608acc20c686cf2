// Clients of the console's tests: curl, and conversations frame by frame.

import { createHash } from "node:crypto";
import { curl, type CurlResult } from "../kit/curl.ts";
import { type OriginConnection, type RawOrigin, startRawOrigin } from "../kit/origins.ts";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import { wordsOf } from "../kit/websocket_frames.ts";
import { connectClient, type RawClient } from "../kit/raw_client.ts";
import type { ConsoleProgram } from "./console_program.ts";

const SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";
/** RFC 6455, 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** curl through the proxy, with fields that are the same for every curl. */
export function fetchBy(program: ConsoleProgram, ...args: string[]): Promise<CurlResult> {
  return curl({
    args: ["--proxy", program.url, "--cacert", program.caFile, "--user-agent", "curl", ...args],
  });
}

export interface Conversation extends AsyncDisposable {
  client: RawClient;
  server: OriginConnection;
}

/** A WebSocket that is open, to chat.example; `words` are what mitm must be started with. */
export async function startChat(): Promise<{ origin: RawOrigin; words: string[] } & AsyncDisposable> {
  const origin = await startRawOrigin();
  return {
    origin,
    words: ["--resolve", `chat.example:80:127.0.0.1:${origin.port}`],
    [Symbol.asyncDispose]: () => origin[Symbol.asyncDispose](),
  };
}

export async function openWebSocket(program: ConsoleProgram, origin: RawOrigin): Promise<Conversation> {
  const client = await connectClient(program.port);
  const count = origin.connections.length;
  client.send(
    "GET http://chat.example/room HTTP/1.1\r\nHost: chat.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${SAMPLE_KEY}\r\n\r\n`,
  );
  const server = await origin.connection(count);
  const head = await server.until("\r\n\r\n");
  const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? "";
  const accept = createHash("sha1").update(key + GUID).digest("base64");
  server.send(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  await client.response();
  return { client, server, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

/** Waits until a peer of a WebSocket has received a frame, in words: `text "hello"`, `close 1000 "done"`. */
export async function frame(peer: OriginConnection, words: string): Promise<void> {
  await peer.until((text) => framesOf(text).includes(words));
}

/** What came behind the head of the handshake, in words. */
export function framesOf(received: string): string[] {
  return wordsOf(latin1Encode(received.slice(received.indexOf("\r\n\r\n") + 4)));
}
