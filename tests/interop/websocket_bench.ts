// Two peers and a proxy between them: the same conversation directly and through it, and what both ends and the flow record
// say about it afterwards. For peer programs that understand `play` and `seen`; see websocket_ws_peer.mjs.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { HttpFlow } from "../../lib/flow/record.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { PeerProgram } from "../kit/peer_program.ts";
import { type ProxyFixture, startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import type { Saying } from "./websocket_sayings.ts";

/** What a peer program must do for us; `PeerProgram` does. */
export interface Peer extends AsyncDisposable {
  /** Its server's ports. */
  readonly hello: unknown;
  ask<Result>(what: string, parameters?: unknown): Promise<Result>;
}

export interface Route {
  scheme: "ws" | "wss";
  /** "absolute": to an explicit proxy, with Upgrade in a request of absolute form. */
  way: "tunnel" | "absolute" | "reverse";
}

export const routes: readonly Route[] = [
  { scheme: "ws", way: "tunnel" },
  { scheme: "ws", way: "absolute" },
  { scheme: "ws", way: "reverse" },
  { scheme: "wss", way: "tunnel" },
  { scheme: "wss", way: "reverse" },
];

export type Step =
  /** All of them without waiting; then until as many messages have come, or `count`. */
  | { say: Saying[]; count?: number }
  /** A word to the server: until a message has come. */
  | { ask: string }
  /** Until its PONG has come. */
  | { ping: string }
  /** One that nobody asked for. */
  | { pong: string }
  | { close: [code: number, reason: string] | [] }
  /** Ends the connection without a word. */
  | { kill: true };

export interface Conversation {
  /** With what the server shall do about permessage-deflate, as JSON in `deflate`. */
  path: string;
  protocols: string[];
  /** What the client shall do about permessage-deflate; false: no word of it. */
  deflate: unknown;
  steps: Step[];
  /** The client says back what it gets, until the end. */
  echoes?: true;
}

/** What one end has seen. */
export interface View {
  protocol: string;
  messages: [type: string, length: number, hash: string][];
  pings: string[];
  pongs: string[];
  close: [code: number, reason: string];
  error: string | null;
}

export interface ClientView extends View {
  /** What was agreed on, as the answer says it. */
  extensions: string | null;
}

export interface ServerView extends View {
  /** Of the request, but for its key. */
  fields: string[];
}

export interface Played {
  client: ClientView;
  server: ServerView;
}

export const startWs = (): Promise<PeerProgram> =>
  PeerProgram.startDeno(
    new URL("websocket_ws_peer.mjs", import.meta.url).pathname,
    new URL("websocket_ws.lock", import.meta.url).pathname,
    ["npm:ws@8.23.0"],
  );

export class WebSocketBench implements AsyncDisposable {
  readonly route: Route;
  readonly proxy: ProxyFixture;
  /** Of the origin. */
  readonly port: number;
  readonly #client: Peer;
  readonly #server: Peer;
  readonly #originCa: string;

  private constructor(route: Route, client: Peer, server: Peer, proxy: ProxyFixture, originCa: string) {
    this.route = route;
    this.proxy = proxy;
    this.port = portOf(server, route);
    this.#client = client;
    this.#server = server;
    this.#originCa = originCa;
  }

  /** The peers stay the caller's. */
  static async start(
    route: Route,
    client: Peer,
    server: Peer = client,
    settings: Partial<Settings> = {},
  ): Promise<WebSocketBench> {
    const { certificatePem } = await testOriginAuthority();
    const scheme = route.scheme === "ws" ? "http" : "https";
    const mode = { kind: "reverse", scheme, host: "localhost", port: portOf(server, route) } as const;
    const proxy = await startProxy({ ...(route.way === "reverse" ? { mode } : {}), ...settings });
    return new WebSocketBench(route, client, server, proxy, certificatePem);
  }

  /** Straight to the origin. */
  direct(conversations: readonly Conversation[], together = false): Promise<Played[]> {
    const { scheme } = this.route;
    return this.#play(
      { scheme, way: "direct", port: this.port, ca: this.#originCa },
      conversations,
      together,
    );
  }

  proxied(conversations: readonly Conversation[], together = false): Promise<Played[]> {
    const { port: proxyPort, authority: { certificatePem: ca } } = this.proxy;
    return this.#play({ ...this.route, port: this.port, proxyPort, ca }, conversations, together);
  }

  /** The record of what went through the proxy, once it is over. */
  flow({ path }: Conversation): Promise<HttpFlow> {
    return this.proxy.http(({ request }) => request.head.path === path);
  }

  async #play(to: unknown, conversations: readonly Conversation[], together: boolean): Promise<Played[]> {
    const clients = await this.#client.ask<ClientView[]>("play", { to, conversations, together });
    // Who never became a WebSocket is not seen by the server's end.
    const paths = conversations.map(({ path }) => path).filter((_, index) => clients[index]?.error === null);
    const servers = await this.#server.ask<ServerView[]>("seen", { paths });
    return clients.map((client) => ({
      client,
      server: client.error === null ? servers.shift()! : NO_SERVER,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
  }
}

const NO_SERVER: ServerView = {
  protocol: "",
  messages: [],
  pings: [],
  pongs: [],
  close: [0, ""],
  error: null,
  fields: [],
};

function portOf(server: Peer, { scheme }: Route): number {
  return (server.hello as Record<string, number>)[scheme]!;
}

/** A path of its own, which names what it is about, and tells the server what to do about permessage-deflate. */
export function pathOf(name: string, deflate: unknown = false): string {
  return `/${name.replaceAll(/\W+/g, "-")}?deflate=${encodeURIComponent(JSON.stringify(deflate))}`;
}

/** What a peer sees through the proxy: the other's PINGs are answered before they come, and what comes is one of ours. */
export function throughProxy<Seen extends View>(view: Seen, unasked: readonly string[] = []): Seen {
  return {
    ...view,
    pings: view.pings.map(() => ""),
    pongs: view.pongs.filter((payload) => !unasked.includes(payload)),
  };
}

/** The record says what both ends have seen. */
export function checkRecord(flow: HttpFlow, { client, server }: Played): void {
  assert.equal(flow.response?.head.status, 101);
  const record = flow.websocket!;
  assert.equal(record.messagesDropped, 0);
  assert.equal(record.compression, client.extensions?.startsWith("permessage-deflate") ?? false);
  const data = record.messages.filter(({ type }) => type === "text" || type === "binary");
  const of = (fromClient: boolean) =>
    data.filter((message) => message.fromClient === fromClient)
      .map(({ type, body }) => [type, body.length, hashOf(body.bytes())]);
  assert.deepEqual(of(true), server.messages);
  assert.deepEqual(of(false), client.messages);
  for (const message of record.messages) {
    const { at, endedAt, edited, dropped, injected, invalidText } = message;
    assert.ok(endedAt !== null && endedAt >= at && at >= record.startedAt);
    assert.deepEqual([edited, dropped, injected, invalidText], [false, false, false, false]);
  }
}

/** Payloads of the PINGs or PONGs that came from one end. */
export function controls(flow: HttpFlow, type: "ping" | "pong", fromClient: boolean): string[] {
  return flow.websocket!.messages
    .filter((message) => message.type === type && message.fromClient === fromClient)
    .map(({ body }) => new TextDecoder().decode(body.bytes()));
}

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
