// A raw TCP conversation through the proxy: a client in a CONNECT tunnel, an origin, and wires to look at on both legs.

import type { Settings } from "../../lib/proxy/settings.ts";
import { type OriginConnection, type RawOrigin, startRawOrigin } from "../kit/origins.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { type Client, openTlsTunnel, openTunnel } from "./tunnel_clients.ts";
import { startWireTap, type WireTap } from "./wire_tap.ts";

export const HOST = "example.com";
export const PORT = 443;

export interface Conversation extends AsyncDisposable {
  proxy: ProxyFixture;
  origin: RawOrigin;
  client: Client;
  /** The origin's end. Asked for when something was sent: some origins are connected to later. */
  server: OriginConnection;
  /** Between client and proxy, and between proxy and origin; null when they were not asked for. */
  wires: { client: WireTap; server: WireTap } | null;
}

export interface ConversationOptions {
  tls: boolean;
  /** Whether to put wires that can be looked at between the three. They hold some bytes of their own. */
  wires?: boolean;
  settings?: Partial<Settings>;
  /** Before the client connects: for hooks. */
  prepare?: (proxy: ProxyFixture) => void;
  /** What the origin does with each connection. */
  onConnection?: (connection: OriginConnection) => void;
}

/** "example.com:443" with `--tcp example.com`, unless the settings say otherwise. */
export async function converse(options: ConversationOptions): Promise<Conversation> {
  await using stack = new AsyncDisposableStack();
  const origin = stack.use(
    await startRawOrigin({
      ...(options.tls ? { tls: { names: [HOST] } } : {}),
      ...(options.onConnection === undefined ? {} : { onConnection: options.onConnection }),
    }),
  );
  const serverWire = options.wires === true ? stack.use(await startWireTap(origin.port)) : null;
  const proxy = stack.use(
    await startProxy({
      tcpHosts: [/example\.com/i],
      resolve: [{ host: HOST, port: PORT, address: "127.0.0.1", toPort: serverWire?.port ?? origin.port }],
      ...options.settings,
    }),
  );
  options.prepare?.(proxy);
  const clientWire = options.wires === true ? stack.use(await startWireTap(proxy.port)) : null;
  const port = clientWire?.port ?? proxy.port;
  const target = `${HOST}:${PORT}`;
  const client = stack.use(
    options.tls
      ? await openTlsTunnel(port, target, {
        serverName: HOST,
        ca: proxy.authority.certificatePem,
      })
      : await openTunnel(port, target),
  );
  const server = await origin.connection();
  const all = stack.move();
  return {
    proxy,
    origin,
    client,
    server,
    wires: clientWire === null || serverWire === null ? null : { client: clientWire, server: serverWire },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Both kinds, by name. */
export const kinds: [name: string, tls: boolean][] = [["plain", false], ["TLS", true]];
