// A client by hand, an origin by hand, and a proxy between them, over TLS in a tunnel and in the clear to the proxy itself.

import type { HttpFlow } from "../../lib/flow/record.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { type FieldLine, headers, type HeadersOptions, SETTING } from "../kit/http2_frames.ts";
import { type Http2Origin, type Http2OriginOptions, Http2Wire, startHttp2Origin } from "../kit/http2_wire.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { connectSocket, secure, tunnelSocket } from "../proxy/tunnel_clients.ts";

export interface ByHandOptions extends Partial<Http2OriginOptions> {
  proxy?: Partial<Settings>;
}

export class ByHand implements AsyncDisposable {
  readonly scheme: "http" | "https";
  readonly origin: Http2Origin;
  readonly proxy: ProxyFixture;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    scheme: "http" | "https",
    origin: Http2Origin,
    proxy: ProxyFixture,
    resources: AsyncDisposableStack,
  ) {
    this.scheme = scheme;
    this.origin = origin;
    this.proxy = proxy;
    this.#resources = resources;
  }

  static async start(scheme: "http" | "https", options: ByHandOptions = {}): Promise<ByHand> {
    await using resources = new AsyncDisposableStack();
    const { proxy: settings, ...wished } = options;
    const origin = resources.use(await startHttp2Origin({ ...wished, scheme }));
    const proxy = resources.use(await startProxy({ h2cHosts: [/^localhost$/], ...settings }));
    return new ByHand(scheme, origin, proxy, resources.move());
  }

  /** What the client calls the origin. */
  get authority(): string {
    return `localhost:${this.origin.port}`;
  }

  /** A client whose requests go to the origin: in a tunnel over TLS, or, in the clear, to the proxy itself. */
  async open(
    own: readonly (readonly [id: number, value: number])[] = [[SETTING.ENABLE_PUSH, 0]],
  ): Promise<Http2Wire> {
    if (this.scheme === "http") {
      return this.#resources.use(new Http2Wire(await connectSocket(this.proxy.port), "client", own));
    }
    const { session } = await secure(await tunnelSocket(this.proxy.port, this.authority), {
      serverName: "localhost",
      ca: this.proxy.authority.certificatePem,
      alpn: ["h2"],
    });
    if (session.alpnProtocol !== "h2") throw new Error(`ALPN gave ${session.alpnProtocol}`);
    return this.#resources.use(new Http2Wire(session, "client", own));
  }

  /** HEADERS of a request to the origin, without a body unless `options` say otherwise. */
  request(
    stream: number,
    path: string,
    more: readonly FieldLine[] = [],
    options: HeadersOptions = {},
  ): Uint8Array {
    const head: FieldLine[] = [
      [":method", options.end === false ? "POST" : "GET"],
      [":scheme", this.scheme],
      [":authority", this.authority],
      [":path", path],
    ];
    return headers(stream, [...head, ...more], { end: true, ...options });
  }

  flow(path: string): Promise<HttpFlow> {
    return this.proxy.http(({ request }) => request.head.path === path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
