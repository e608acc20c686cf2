// Every way from a client to an origin in which at least one of them speaks HTTP/2, with Node on both ends.

import type { HttpFlow } from "../../lib/flow/record.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { PeerProgram } from "../kit/peer_program.ts";
import { peerTest } from "../kit/peers.ts";
import { type ProxyFixture, startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";

export type Version = "h1" | "h2";

export interface Http2Route {
  client: Version;
  origin: Version;
  scheme: "http" | "https";
  /** "explicit": requests to the proxy itself. "h2 tunnel": CONNECT over HTTP/2 to the proxy. */
  way: "explicit" | "tunnel" | "reverse" | "h2 tunnel";
}

export const http2Routes: readonly Http2Route[] = [
  { client: "h2", origin: "h2", scheme: "https", way: "tunnel" },
  { client: "h2", origin: "h2", scheme: "https", way: "h2 tunnel" },
  { client: "h2", origin: "h2", scheme: "https", way: "reverse" },
  { client: "h2", origin: "h2", scheme: "http", way: "explicit" },
  { client: "h2", origin: "h2", scheme: "http", way: "tunnel" },
  { client: "h2", origin: "h2", scheme: "http", way: "reverse" },
  { client: "h2", origin: "h1", scheme: "https", way: "reverse" },
  { client: "h2", origin: "h1", scheme: "http", way: "explicit" },
  { client: "h2", origin: "h1", scheme: "http", way: "reverse" },
  { client: "h1", origin: "h2", scheme: "https", way: "tunnel" },
  { client: "h1", origin: "h2", scheme: "https", way: "reverse" },
  { client: "h1", origin: "h2", scheme: "http", way: "explicit" },
  { client: "h1", origin: "h2", scheme: "http", way: "reverse" },
];

/** Where the TLS and the plain port are the same to the proxy, one of each is enough. */
export const http2OnBothLegs = http2Routes.filter(({ client, origin }) => client === "h2" && origin === "h2");

/** One name for a route: "h2 -> h1 over https, reverse". */
export function routeName({ client, origin, scheme, way }: Http2Route): string {
  return `${client} -> ${origin} over ${scheme}, ${way}`;
}

export class Http2Bench implements AsyncDisposable {
  readonly route: Http2Route;
  readonly node: PeerProgram;
  readonly proxy: ProxyFixture;
  /** Of the origin. */
  readonly port: number;
  readonly #originCa: string;

  private constructor(route: Http2Route, node: PeerProgram, proxy: ProxyFixture, port: number, ca: string) {
    this.route = route;
    this.node = node;
    this.proxy = proxy;
    this.port = port;
    this.#originCa = ca;
  }

  static async start(route: Http2Route, settings: Partial<Settings> = {}): Promise<Http2Bench> {
    await using resources = new AsyncDisposableStack();
    const { scheme, origin, way } = route;
    const node = resources.use(
      await PeerProgram.startNode(new URL("http2_node_peer.mjs", import.meta.url).pathname),
    );
    const port = (node.hello as Record<string, number>)[`${origin} ${scheme}`]!;
    const proxy = resources.use(
      await startProxy({
        ...(way === "reverse" ? { mode: { kind: "reverse", scheme, host: "localhost", port } } : {}),
        ...(scheme === "http" && origin === "h2" ? { h2cHosts: [/^localhost$/] } : {}),
        ...settings,
      }),
    );
    const ca = (await testOriginAuthority()).certificatePem;
    resources.move();
    return new Http2Bench(route, node, proxy, port, ca);
  }

  /** Straight to the origin, in the version it speaks. */
  direct<Result>(scenario: string, parameters: Record<string, unknown> = {}): Promise<Result> {
    const { origin, scheme } = this.route;
    const to = { version: origin, way: "direct", scheme, port: this.port, ca: this.#originCa };
    return this.node.ask(scenario, { ...parameters, to });
  }

  proxied<Result>(scenario: string, parameters: Record<string, unknown> = {}): Promise<Result> {
    const { client, scheme, way } = this.route;
    const { port: proxyPort, authority: { certificatePem: ca } } = this.proxy;
    const to = { version: client, way, scheme, port: this.port, proxyPort, ca };
    return this.node.ask(scenario, { ...parameters, to });
  }

  get flows(): HttpFlow[] {
    return this.proxy.ended.filter((flow): flow is HttpFlow => flow.kind === "http")
      .filter(({ request }) => request.head.method !== "CONNECT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.node[Symbol.asyncDispose]();
  }
}

/** A test for each of `routes`, with Node on both ends. */
export function http2Test(
  name: string,
  routes: readonly Http2Route[],
  fn: (bench: Http2Bench, test: Deno.TestContext) => Promise<void>,
  settings: Partial<Settings> = {},
): void {
  for (const route of routes) {
    peerTest(["node"], `${name}: ${routeName(route)}`, async (test) => {
      await using bench = await Http2Bench.start(route, settings);
      await fn(bench, test);
    });
  }
}
