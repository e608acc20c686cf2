// A raw client, a raw origin and a proxy between them, in every way there is from one to the other.

import type { HttpFlow } from "../../lib/flow/record.ts";
import type { Settings } from "../../lib/proxy/settings.ts";
import { type OriginConnection, type RawOrigin, startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { connectSocket, RawClient } from "../kit/raw_client.ts";
import { secure, tunnelSocket } from "../proxy/tunnel_clients.ts";

export interface Route {
  name: string;
  scheme: "http" | "https";
  way: "explicit" | "tunnel" | "reverse";
}

export const routes: readonly Route[] = [
  { name: "explicit", scheme: "http", way: "explicit" },
  { name: "tunnel", scheme: "http", way: "tunnel" },
  { name: "TLS in a tunnel", scheme: "https", way: "tunnel" },
  { name: "reverse", scheme: "http", way: "reverse" },
  { name: "reverse with TLS", scheme: "https", way: "reverse" },
];

export interface RouteOptions {
  settings?: Partial<Settings>;
  onConnection?: (connection: OriginConnection) => void | Promise<void>;
}

/** A test for each route. */
export function routeTest(
  name: string,
  options: RouteOptions,
  fn: (bench: RouteBench) => Promise<void>,
  only: (route: Route) => boolean = () => true,
): void {
  for (const route of routes.filter(only)) {
    Deno.test(`${name}: ${route.name}`, async () => {
      await using bench = await RouteBench.start(route, options);
      await fn(bench);
    });
  }
}

export class RouteBench implements AsyncDisposable {
  readonly route: Route;
  readonly origin: RawOrigin;
  readonly proxy: ProxyFixture;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    route: Route,
    origin: RawOrigin,
    proxy: ProxyFixture,
    resources: AsyncDisposableStack,
  ) {
    this.route = route;
    this.origin = origin;
    this.proxy = proxy;
    this.#resources = resources;
  }

  static async start(route: Route, options: RouteOptions): Promise<RouteBench> {
    await using resources = new AsyncDisposableStack();
    const { onConnection, settings } = options;
    const origin = resources.use(
      await startRawOrigin({
        ...(route.scheme === "http" ? {} : { tls: { names: ["localhost"], alpn: ["http/1.1"] } }),
        onConnection: (connection) => {
          // Else small writes over TLS wait 40 ms for the peer's delayed acknowledgement.
          connection.socket.setNoDelay(true);
          // What it waits for in vain shows in the client, which waits for the answer.
          Promise.resolve(onConnection?.(connection)).catch(() => connection.socket.destroy());
        },
      }),
    );
    const mode: Settings["mode"] = route.way === "reverse"
      ? { kind: "reverse", scheme: route.scheme, host: "localhost", port: origin.port }
      : { kind: "regular" };
    const proxy = resources.use(await startProxy({ ...settings, mode }));
    return new RouteBench(route, origin, proxy, resources.move());
  }

  /** "localhost:PORT": the origin, as clients call it. */
  get authority(): string {
    return `localhost:${this.origin.port}`;
  }

  /** A client whose requests go to the origin. It is closed with the bench. */
  async open(): Promise<RawClient> {
    const { scheme, way } = this.route;
    const socket = way === "tunnel"
      ? await tunnelSocket(this.proxy.port, this.authority)
      : await connectSocket(this.proxy.port);
    if (scheme === "http") {
      const client = this.#resources.use(new RawClient(socket));
      // What took the answer to CONNECT off left it paused.
      socket.resume();
      return client;
    }
    const { session } = await secure(socket, {
      serverName: "localhost",
      ca: this.proxy.authority.certificatePem,
      alpn: ["http/1.1"],
    });
    return this.#resources.use(new RawClient(session));
  }

  /** A request to the origin, its target in the form this route needs. `fields` are whole lines. */
  request(method: string, path: string, fields = "", body = ""): string {
    const target = this.route.way === "explicit" ? `http://${this.authority}${path}` : path;
    return `${method} ${target} HTTP/1.1\r\nHost: ${this.authority}\r\n${fields}\r\n${body}`;
  }

  /** The same as the origin gets it. */
  forwarded(method: string, path: string, fields = "", body = ""): string {
    return `${method} ${path} HTTP/1.1\r\nHost: ${this.authority}\r\n${fields}\r\n${body}`;
  }

  /** The flow of the request for `path`, once it has ended. */
  flow(path: string): Promise<HttpFlow> {
    return this.proxy.http(({ request }) => request.head.path === path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** What an origin answers to a request: bytes, or null to close the connection. */
export type Respond = (head: string, body: string, index: number) => string | null;

/** Serves one request after the other, on each connection of an origin. */
export function serve(respond: Respond): (connection: OriginConnection) => void {
  return (connection) => {
    let taken = 0;
    let index = 0;
    connection.socket.on("data", () => {
      for (;;) {
        const rest = connection.received.slice(taken);
        const bodyAt = rest.indexOf("\r\n\r\n") + 4;
        if (bodyAt < 4) return;
        const head = rest.slice(0, bodyAt);
        const end = bodyAt + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (rest.length < end) return;
        taken += end;
        const response = respond(head, rest.slice(bodyAt, end), index++);
        if (response === null) return connection.finish();
        connection.send(response);
      }
    });
    connection.socket.on("end", () => connection.finish());
  };
}
