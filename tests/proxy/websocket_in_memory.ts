// A WebSocket through one HTTP session between two transports in memory, after its handshake: every step is a call,
// deadlines expire when a test says so. Tests look at the bytes on both sides.

import assert from "node:assert/strict";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import type { HttpFlow, WebSocketMessage, WebSocketRecord } from "../../lib/flow/record.ts";
import type { WebSocketControl } from "../../lib/hooks/hooks.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { newConnectionRecord } from "../../lib/proxy/context.ts";
import { HttpSession } from "../../lib/proxy/http_session.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { joined, wordsOf } from "../kit/websocket_frames.ts";
import { MemoryTransport } from "../net/memory_transport.ts";
import { type MemoryContext, memoryContext, settled } from "./memory_context.ts";

export const KEY_FIELD = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT_FIELD = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** Nothing here takes as many. */
const TURNS = 10_000;

/** Lets everything happen that only waits for the next turn of the loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** `fields` are whole lines. */
export function upgradeRequest(fields = "Sec-WebSocket-Version: 13\r\n"): string {
  return "GET /chat HTTP/1.1\r\nHost: origin.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    `Sec-WebSocket-Key: ${KEY_FIELD}\r\n${fields}\r\n`;
}

export function switching(fields = ""): string {
  return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    `Sec-WebSocket-Accept: ${ACCEPT_FIELD}\r\n${fields}\r\n`;
}

export interface OpenOptions {
  settings?: Partial<Settings>;
  /** What the server agrees to, "permessage-deflate" for instance. */
  extensions?: string;
  /** Lines of the request in place of Sec-WebSocket-Version. */
  version?: string;
  /** Before anything is sent: for hooks. */
  prepare?: (context: MemoryContext) => void;
  /** One that was used before: both share hooks, store and turns. */
  context?: MemoryContext;
  /** What the client sends behind its request, and the server behind its answer. */
  early?: { client: Uint8Array; server: Uint8Array };
}

/** One peer: what it sends, and what came to it since the handshake. */
export class MemoryPeer {
  readonly transport = new MemoryTransport();
  #headSize = 0;

  /** The handshake is over: its head is not looked at any more. */
  begin(): void {
    this.#headSize = this.raw.indexOf("\r\n\r\n") + 4;
  }

  /** Each as a chunk of its own. */
  send(...chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.transport.deliver(chunk);
  }

  /** As `send`, and then lets everything that only waits for promises happen. */
  async say(...chunks: readonly Uint8Array[]): Promise<void> {
    this.send(...chunks);
    await settled();
  }

  /** Waits until it has got so many bytes: what takes more than one turn goes on in the next ones. */
  async until(size: number): Promise<void> {
    const sizeOf = () => this.transport.writes.reduce((sum, { length }) => sum + length, 0) - this.#headSize;
    for (let turn = 0; turn < TURNS && sizeOf() < size; turn++) await nextTurn();
    assert.ok(sizeOf() >= size, `${sizeOf()} of ${size} bytes came`);
  }

  async finish(): Promise<void> {
    this.transport.deliverEnd();
    await settled();
  }

  async reset(): Promise<void> {
    this.transport.deliverClosed({ code: "reset", message: "was reset" });
    await settled();
  }

  /** It reads nothing from now on. */
  stall(): void {
    this.transport.completesWrites = false;
  }

  async goOn(): Promise<void> {
    this.transport.completesWrites = true;
    this.transport.completeWrite();
    await settled();
  }

  /** All that came, a byte-true string. */
  get raw(): string {
    return this.transport.writes.join("").slice(this.#headSize);
  }

  get bytes(): Uint8Array {
    return latin1Encode(this.raw);
  }

  /** All that came, frame by frame, in words. */
  get heard(): string[] {
    return wordsOf(this.bytes);
  }

  get endings(): string[] {
    return this.transport.endings;
  }
}

export class MemoryWebSocket implements Disposable {
  readonly client = new MemoryPeer();
  readonly server = new MemoryPeer();
  readonly memory: MemoryContext;
  #flow: HttpFlow | null = null;

  constructor(memory: MemoryContext) {
    this.memory = memory;
  }

  /** The handshake is over. */
  begin(): void {
    const flow = [...this.memory.store.flows(), ...this.memory.ended].at(-1);
    assert.ok(flow?.kind === "http");
    this.#flow = flow;
    this.client.begin();
    this.server.begin();
  }

  get hooks(): MemoryContext["hooks"] {
    return this.memory.hooks;
  }

  /** The flow; from the handshake on. */
  get flow(): HttpFlow {
    assert.ok(this.#flow !== null);
    return this.#flow;
  }

  get record(): WebSocketRecord {
    const { websocket } = this.flow;
    assert.ok(websocket !== null);
    return websocket;
  }

  get messages(): WebSocketMessage[] {
    return this.record.messages;
  }

  /** The record, message by message, in words: `> text "Hello"`, `< ping ""`, and the marks. */
  get recorded(): string[] {
    return this.messages.map(recordWords);
  }

  /** How it was closed, by whom. */
  get closed(): string | null {
    const { close } = this.record;
    return close === null ? null : `${close.code} ${JSON.stringify(close.reason)} by ${close.by}`;
  }

  get isOver(): boolean {
    return this.memory.ended.some(({ id }) => id === this.flow.id);
  }

  peers(): [from: MemoryPeer, to: MemoryPeer, name: "client" | "server"][] {
    return [[this.client, this.server, "client"], [this.server, this.client, "server"]];
  }

  [Symbol.dispose](): void {
    for (const { transport } of [this.client, this.server]) {
      transport.close();
      transport.deliverClosed();
    }
  }
}

const MARKS = ["edited", "dropped", "injected", "invalidText"] as const;

export function recordWords(message: WebSocketMessage): string {
  const { fromClient, type, body } = message;
  const content = body.length > 200 ? `(${body.length})` : JSON.stringify(latin1Decode(body.bytes()));
  const marks = MARKS.filter((mark) => message[mark]);
  return [fromClient ? ">" : "<", type, content, ...marks].join(" ");
}

/** A client in a tunnel to an origin, after their handshake. */
export async function openWebSocket(options: OpenOptions = {}): Promise<MemoryWebSocket> {
  const { extensions = "", prepare, early, context: memory = memoryContext(options.settings) } = options;
  const { context } = memory;
  const webSocket = new MemoryWebSocket(memory);
  const { client, server } = webSocket;
  const origin = { scheme: "http" as const, host: "origin.example", port: 80 };
  const clientRecord = newConnectionRecord(context, client.transport.remote, null, null);
  const session = new HttpSession(context, clientRecord, client.transport, {
    routing: { kind: "tunnel", origin, serverName: null },
    connection: new Http1Server({ lenient: false, hopByHop: "keep" }),
    onConnect: null,
    onOver: () => {},
  });
  const serverRecord = newConnectionRecord(context, server.transport.remote, null, null);
  session.pool.offer(origin, server.transport, serverRecord, "http1");
  session.start();
  prepare?.(memory);
  client.transport.deliver(withBytes(upgradeRequest(options.version), early?.client));
  await settled();
  const agreed = extensions === "" ? "" : `Sec-WebSocket-Extensions: ${extensions}\r\n`;
  server.transport.deliver(withBytes(switching(agreed), early?.server));
  await settled();
  assert.match(client.raw, /^HTTP\/1\.1 101 [^]*\r\n\r\n/);
  webSocket.begin();
  return webSocket;
}

function withBytes(head: string, bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  return joined([latin1Encode(head), bytes]);
}

/** A hook that answers once a test says so. */
export interface Gate {
  promise: Promise<void>;
  open(): Promise<void>;
}

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    promise,
    open: async () => {
      resolve();
      await settled();
    },
  };
}

/** What the start hook is given; to be asked for before the handshake. */
export function controlOf({ hooks }: MemoryContext): Promise<WebSocketControl> {
  return new Promise((resolve) => hooks.on("websocketStart", (_flow, control) => resolve(control)));
}
