// WebSockets between Node's clients and servers through the proxy, in all pairings of HTTP/1.1 (Upgrade) and HTTP/2
// (extended CONNECT): the handshake each understands, messages both ways, the close and the ends.

import assert from "node:assert/strict";
import { PeerProgram } from "../kit/peer_program.ts";
import { peerTest } from "../kit/peers.ts";
import { startProxy } from "../kit/proxy_fixture.ts";

interface Pairing {
  client: "h1" | "h2";
  /** "both": HTTP/2, but WebSockets over HTTP/1.1 only. */
  origin: "h1" | "h2" | "both";
  scheme: "http" | "https";
  way: "explicit" | "tunnel" | "reverse" | "h2 tunnel";
}

const pairings: Pairing[] = [
  { client: "h1", origin: "h1", scheme: "http", way: "explicit" },
  { client: "h1", origin: "h1", scheme: "https", way: "tunnel" },
  { client: "h2", origin: "h1", scheme: "http", way: "explicit" },
  { client: "h2", origin: "h1", scheme: "http", way: "reverse" },
  { client: "h2", origin: "h1", scheme: "https", way: "reverse" },
  { client: "h1", origin: "h2", scheme: "http", way: "explicit" },
  { client: "h1", origin: "h2", scheme: "https", way: "tunnel" },
  { client: "h1", origin: "h2", scheme: "https", way: "reverse" },
  { client: "h2", origin: "h2", scheme: "http", way: "explicit" },
  { client: "h2", origin: "h2", scheme: "http", way: "tunnel" },
  { client: "h2", origin: "h2", scheme: "https", way: "tunnel" },
  { client: "h2", origin: "h2", scheme: "https", way: "h2 tunnel" },
  { client: "h2", origin: "h2", scheme: "https", way: "reverse" },
  { client: "h2", origin: "both", scheme: "https", way: "reverse" },
];

interface Seen {
  version: string;
  fields: Record<string, string>;
  messages: number;
  close: number | null;
  ended: boolean;
}

const MESSAGES = 8;

for (const { client, origin, scheme, way } of pairings) {
  peerTest(["node"], `WebSocket: ${client} -> ${origin} over ${scheme}, ${way}`, async () => {
    await using node = await PeerProgram.startNode(
      new URL("websocket_node_peer.mjs", import.meta.url).pathname,
    );
    const port = (node.hello as Record<string, number>)[`${origin} ${scheme}`]!;
    await using proxy = await startProxy({
      ...(way === "reverse" ? { mode: { kind: "reverse", scheme, host: "localhost", port } } : {}),
      ...(scheme === "http" && origin === "h2" ? { h2cHosts: [/^localhost$/] } : {}),
    });
    const ca = proxy.authority.certificatePem;
    const to = { version: client, way, scheme, port, proxyPort: proxy.port, ca };

    assert.deepEqual(await node.ask("talk", { to }), {
      status: client === "h1" ? 101 : 200,
      protocol: "echo",
      cookies: ["a=1", "b=2"],
      wrong: [],
      count: MESSAGES,
      code: 1000,
    });
    const flow = await proxy.http(({ request }) => request.head.path.endsWith("/chat"));
    const isHttp1 = origin !== "h2";
    assert.deepEqual(
      [flow.error, flow.request.head.version, flow.response?.head.version, flow.response?.head.status],
      [
        null,
        client === "h1" ? "HTTP/1.1" : "HTTP/2.0",
        isHttp1 ? "HTTP/1.1" : "HTTP/2.0",
        isHttp1 ? 101 : 200,
      ],
    );
    const { fields, ...seen } = await node.ask<Seen>("told");
    assert.deepEqual(seen, { version: isHttp1 ? "h1" : "h2", messages: MESSAGES, close: 1000, ended: true });
    assert.deepEqual(
      [fields["sec-websocket-protocol"], fields["sec-websocket-version"], fields["cookie"]],
      ["echo, chat", "13", "c=3"],
    );
    assert.equal("sec-websocket-key" in fields, isHttp1);
    assert.equal(fields["host"] ?? fields[":authority"], `localhost:${port}`);

    assert.deepEqual(await node.ask("refused", { to }), { status: 403, text: "no" });
  });
}
