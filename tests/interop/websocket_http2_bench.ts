// Two peers of which at least one speaks WebSockets over HTTP/2 (RFC 8441), and a proxy between them. What they see of a
// conversation is what ws sees of it over HTTP/1.1, directly; and the record has the heads of both legs.

import assert from "node:assert/strict";
import type { HttpFlow, WebSocketClose } from "../../lib/flow/record.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { PeerProgram } from "../kit/peer_program.ts";
import { peerTest } from "../kit/peers.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";
import {
  type ClientView,
  type Conversation,
  type Peer,
  type Played,
  type Route,
  type ServerView,
  startWs,
  type Step,
  throughProxy,
  type View,
  WebSocketBench,
} from "./websocket_bench.ts";
import type { Scenario } from "./websocket_conversations.ts";

type Version = "h1" | "h2";

export interface Bridge extends Route {
  client: Version;
  origin: Version;
}

/** Clear text is HTTP/2 by prior knowledge. */
export const bridges: readonly Bridge[] = [
  { client: "h2", origin: "h1", scheme: "ws", way: "absolute" },
  { client: "h2", origin: "h1", scheme: "wss", way: "reverse" },
  { client: "h2", origin: "h2", scheme: "ws", way: "absolute" },
  { client: "h2", origin: "h2", scheme: "wss", way: "tunnel" },
  { client: "h2", origin: "h2", scheme: "wss", way: "reverse" },
  { client: "h1", origin: "h2", scheme: "ws", way: "absolute" },
  { client: "h1", origin: "h2", scheme: "wss", way: "reverse" },
];

export const bridgeName = ({ client, origin, scheme, way }: Bridge): string =>
  `${client} -> ${origin}, ${scheme}, ${way}`;

/** Of each pairing of versions one, in the clear: its ends can be reset. */
export const inTheClear = bridges.filter(({ scheme, way }) => scheme === "ws" && way === "absolute");

/** What the client on HTTP/2 knows besides. */
export type Http2Step =
  | Step
  /** RST_STREAM: CANCEL. */
  | { abort: true }
  /** END_STREAM, and RST_STREAM with this code behind it. */
  | { reset: number }
  /** Ends the connection, with all streams on it. */
  | { leave: true }
  /** One conversation waits until another one says so. */
  | { signal: string }
  | { wait: string };

export interface Http2Conversation extends Omit<Conversation, "steps"> {
  steps: Http2Step[];
  /** It is asked for once another one has signalled this. */
  after?: string;
}

/** What an end on HTTP/2 sees besides. */
export interface Http2View extends ClientView {
  /** The code of RST_STREAM, or of a connection's error. */
  reset?: number | string;
}

export interface Http2ServerView extends Omit<ServerView, "fields"> {
  reset?: number | string;
  version: string;
  method: string;
  fields: Record<string, string>;
}

const LOCK = new URL("websocket_ws.lock", import.meta.url).pathname;
const WS = "npm:ws@8.23.0";

/** Where the file of ws is that Node imports: the one that Deno has fetched, and checked by the lock file. */
async function moduleOfWs(): Promise<string> {
  const run = async (...words: string[]) => {
    const options = ["--quiet", "--no-config", `--lock=${LOCK}`, "--frozen"];
    const [word = "", ...rest] = words;
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [word, ...options, ...rest, WS],
      stdin: "null",
      stdout: "piped",
    }).output();
    if (!success) throw new Error(`deno ${words.join(" ")} ${WS}`);
    return new TextDecoder().decode(stdout);
  };
  await run("cache");
  const { npmPackages } = JSON.parse(await run("info", "--json"));
  return `${npmPackages[WS.slice("npm:".length)].localPath}/wrapper.mjs`;
}

let module: Promise<string> | null = null;

/** A Node program that loads ws when it is told where. */
export async function startWithWs(file: string): Promise<PeerProgram> {
  const node = await PeerProgram.startNode(new URL(file, import.meta.url).pathname);
  try {
    await node.ask("use", { module: await (module ??= moduleOfWs()) });
    return node;
  } catch (error) {
    await node[Symbol.asyncDispose]();
    throw error;
  }
}

export class BridgeBench implements AsyncDisposable {
  readonly bridge: Bridge;
  /** ws over HTTP/1.1. */
  readonly ws: Peer;
  readonly node: PeerProgram;
  readonly #bench: WebSocketBench;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    bridge: Bridge,
    ws: Peer,
    node: PeerProgram,
    bench: WebSocketBench,
    resources: AsyncDisposableStack,
  ) {
    this.bridge = bridge;
    this.ws = ws;
    this.node = node;
    this.#bench = bench;
    this.#resources = resources;
  }

  static async start(bridge: Bridge, settings: Partial<Settings> = {}): Promise<BridgeBench> {
    await using resources = new AsyncDisposableStack();
    const { client, origin, scheme } = bridge;
    const ws = resources.use(await startWs());
    const node = resources.use(await startWithWs("websocket_http2_peer.mjs"));
    const ports = node.hello as Record<string, number>;
    const server = origin === "h2" ? node : portsOf(node, { ws: ports["h1 ws"]!, wss: ports["h1 wss"]! });
    const h2c = origin === "h2" && scheme === "ws" ? { h2cHosts: [/^localhost$/] } : {};
    const bench = resources.use(
      await WebSocketBench.start(bridge, client === "h2" ? node : ws, server, { ...h2c, ...settings }),
    );
    return new BridgeBench(bridge, ws, node, bench, resources.move());
  }

  get proxy() {
    return this.#bench.proxy;
  }

  /** What ws sees on both ends, with no proxy between them. */
  async reference(conversations: readonly Conversation[]): Promise<Played[]> {
    const { certificatePem: ca } = await testOriginAuthority();
    const { scheme } = this.bridge;
    const port = (this.ws.hello as Record<string, number>)[scheme];
    const to = { scheme, way: "direct", port, ca };
    const clients = await this.ws.ask<ClientView[]>("play", { to, conversations, together: true });
    const servers = await this.seen<ServerView>(conversations, this.ws);
    return clients.map((client, index) => ({ client, server: servers[index]! }));
  }

  /** What the client sees; its server's end is not waited for. */
  async play(
    conversations: readonly Http2Conversation[],
    together = true,
  ): Promise<Http2View[]> {
    const peer = this.bridge.client === "h2" ? this.node : this.ws;
    return await peer.ask("play", { to: this.to, conversations, together });
  }

  /** What the server's ends have seen, once they are over. */
  async seen<Seen = Http2ServerView>(
    conversations: readonly Pick<Conversation, "path">[],
    peer: Peer = this.node,
  ): Promise<Seen[]> {
    return await peer.ask("seen", { paths: conversations.map(({ path }) => path) });
  }

  /** Where, and by which way, for the client. */
  get to() {
    const { proxy: { port: proxyPort, authority: { certificatePem: ca } }, port } = this.#bench;
    return { ...this.bridge, port, proxyPort, ca };
  }

  flow({ path }: Pick<Conversation, "path">): Promise<HttpFlow> {
    return this.proxy.http(({ request }) => request.head.path === path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** The same program, with its servers of HTTP/1.1. */
function portsOf(node: PeerProgram, ports: Record<string, number>): Peer {
  return {
    hello: ports,
    ask: (what, parameters) => node.ask(what, parameters),
    [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
  };
}

/** A test for some bridges, each with a bench of its own. */
export function bridgeTest(
  name: string,
  wanted: readonly Bridge[],
  run: (bench: BridgeBench, test: Deno.TestContext) => Promise<void>,
): void {
  for (const bridge of wanted) {
    peerTest(["node"], `WebSocket over HTTP/2: ${name}: ${bridgeName(bridge)}`, async (test) => {
      await using bench = await BridgeBench.start(bridge);
      await run(bench, test);
      assert.deepEqual(bench.proxy.hookErrors, []);
    });
  }
}

/** The heads are those of either leg, as each of them had it (RFC 8441, 5). */
export function checkHeads(flow: HttpFlow, { client, origin }: Bridge, server: Http2ServerView): void {
  const { request: { head: request }, response } = flow;
  const asked = client === "h2" ? ["HTTP/2.0", "CONNECT", "websocket"] : ["HTTP/1.1", "GET", "websocket"];
  assert.deepEqual([request.version, request.method, request.protocol], asked);
  const answered = origin === "h2" ? ["HTTP/2.0", 200] : ["HTTP/1.1", 101];
  assert.deepEqual([response?.head.version, response?.head.status], answered);
  const { version, method, fields } = server;
  assert.deepEqual([version, method], origin === "h2" ? ["2.0", "CONNECT"] : ["1.1", "GET"]);
  assert.equal(fields[":protocol"], origin === "h2" ? "websocket" : undefined);
  // RFC 8441, 5: not used in HTTP/2.
  assert.equal("sec-websocket-key" in fields, origin === "h1");
  assert.equal(fields["sec-websocket-version"], "13");
}

export function checkClose(flow: HttpFlow, close: Omit<WebSocketClose, "at">): void {
  const { at: _, ...recorded } = flow.websocket!.close!;
  assert.deepEqual([recorded, flow.closedBy], [close, close.by]);
}

const ofBoth = ({ protocol, messages, pings, pongs, close, error }: View): View => ({
  protocol,
  messages,
  pings,
  pongs,
  close,
  error,
});

/** Both ends see what ws sees directly, and the record says it. */
export async function checkBridged(bench: BridgeBench, scenarios: readonly Scenario[]): Promise<void> {
  const conversations = scenarios.map(({ conversation }) => conversation);
  const direct = await bench.reference(conversations);
  const clients = await bench.play(conversations);
  for (const [index, { conversation: { path }, unasked = [] }] of scenarios.entries()) {
    assert.deepEqual(clients[index], throughProxy(direct[index]!.client, unasked), path);
  }
  const servers = await bench.seen(conversations);
  for (const [index, { conversation, close, unasked = [] }] of scenarios.entries()) {
    const { path } = conversation;
    const [client, server, expected] = [clients[index]!, servers[index]!, direct[index]!];
    assert.deepEqual(ofBoth(server), ofBoth(throughProxy(expected.server, unasked)), path);
    // A client of HTTP/1.1 that leaves takes its connections to origins along, also before these have ended.
    if (bench.bridge.client === "h2") assert.equal(server.reset, undefined, path);
    const flow = await bench.flow(conversation);
    assert.equal(flow.error, null, path);
    checkHeads(flow, bench.bridge, server);
    checkClose(flow, close);
    const { messages, compression } = flow.websocket!;
    assert.equal(compression, client.extensions !== null, path);
    for (const fromClient of [true, false]) {
      const recorded = messages.filter((message) => message.fromClient === fromClient);
      const seen = fromClient ? server : client;
      const data = recorded.filter(({ type }) => type === "text" || type === "binary");
      assert.deepEqual(
        data.map(({ type, body }) => [type, body.length]),
        seen.messages.map(([type, length]) => [
          type,
          length,
        ]),
        path,
      );
      assert.deepEqual(
        recorded.filter(({ type }) => type === "ping").map(({ body }) =>
          new TextDecoder().decode(body.bytes())
        ),
        (fromClient ? expected.server : expected.client).pings,
        path,
      );
    }
  }
}
