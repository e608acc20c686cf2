// Where a fuzzer plays its cases: as a client of ws, and as a server for ws, with or without a proxy between them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import net from "node:net";
import { connectSocket, connectTls, openTlsTunnel, readHead, tunnelSocket } from "../proxy/tunnel_clients.ts";
import { type ClientView, pathOf, type Peer } from "./websocket_bench.ts";
import { type Deflate, type FuzzCase, Fuzzer, type Outcome } from "./websocket_fuzzer.ts";

/** How many cases are played at once. */
const AT_ONCE = 8;
/** RFC 6455, 1.3 */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const acceptOf = (key: string) => createHash("sha1").update(key + GUID).digest("base64");

/** A path of its own; where something is agreed on, the server's word on it. */
export const casePath = ({ name, deflate }: FuzzCase): string =>
  pathOf(name, deflate === undefined ? false : {});

export interface FuzzClientRoute {
  scheme: "ws" | "wss";
  /** Of the origin. */
  port: number;
  /** null: straight to the origin. */
  proxyPort: number | null;
  ca: string;
}

/** Plays them as a client, and gives what came of each. */
export function playAsClient(route: FuzzClientRoute, cases: readonly FuzzCase[]): Promise<Outcome[]> {
  return inOrder(cases, async (fuzzCase) => {
    const socket = await openSocket(route);
    const { deflate } = fuzzCase;
    const agreed = deflate === undefined ? null : extensionOf(deflate);
    const offer = fuzzCase.offer ?? agreed;
    socket.write(
      `GET ${casePath(fuzzCase)} HTTP/1.1\r\nHost: localhost:${route.port}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n` +
        (offer === null ? "\r\n" : `Sec-WebSocket-Extensions: ${offer}\r\n\r\n`),
    );
    // It stands still since its last head was read.
    const reading = readHead(socket);
    socket.resume();
    const head = await reading;
    assert.match(head, /^HTTP\/1[.]1 101 /);
    assert.ok(head.includes(acceptOf(KEY)));
    assert.equal(/\r\nSec-WebSocket-Extensions: (.*?)\r\n/i.exec(head)?.[1] ?? null, agreed);
    return await new Fuzzer(socket, "client", fuzzCase).play();
  });
}

async function openSocket({ scheme, port, proxyPort, ca }: FuzzClientRoute): Promise<net.Socket> {
  const options = { serverName: "localhost", ca };
  const target = `localhost:${port}`;
  if (scheme === "ws") {
    return await (proxyPort === null ? connectSocket(port) : tunnelSocket(proxyPort, target));
  }
  const { session } =
    await (proxyPort === null ? connectTls(port, options) : openTlsTunnel(proxyPort, target, options));
  return session;
}

export interface FuzzServer extends AsyncDisposable {
  port: number;
  /** Has `peer` connect to each of them by way of `to`, echoing; gives what came of each, and what the peer saw. */
  play(
    peer: Peer,
    to: Record<string, unknown>,
    cases: readonly FuzzCase[],
  ): Promise<{ outcomes: Outcome[]; views: ClientView[] }>;
}

/** Plays cases as a server. */
export async function startFuzzServer(): Promise<FuzzServer> {
  const cases = new Map<string, { fuzzCase: FuzzCase; outcome: PromiseWithResolvers<Outcome> }>();
  const sockets = new Set<net.Socket>();
  const accept = async (socket: net.Socket) => {
    sockets.add(socket);
    const head = await readHead(socket);
    const wanted = cases.get(head.split(" ")[1] ?? "");
    if (wanted === undefined) return socket.destroy();
    const { deflate } = wanted.fuzzCase;
    const key = /\r\nSec-WebSocket-Key: (.*?)\r\n/i.exec(head)?.[1] ?? "";
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${acceptOf(key)}\r\n` +
        (deflate === undefined ? "\r\n" : `Sec-WebSocket-Extensions: ${extensionOf(deflate)}\r\n\r\n`),
    );
    new Fuzzer(socket, "server", wanted.fuzzCase).play().then(wanted.outcome.resolve, wanted.outcome.reject);
  };
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accept(socket).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    async play(peer, to, all) {
      const outcomes: Outcome[] = [];
      const views: ClientView[] = [];
      for (let at = 0; at < all.length; at += AT_ONCE) {
        const some = all.slice(at, at + AT_ONCE).map((fuzzCase) => ({
          path: casePath(fuzzCase),
          wanted: { fuzzCase, outcome: Promise.withResolvers<Outcome>() },
        }));
        for (const { path, wanted } of some) cases.set(path, wanted);
        const conversations = some.map(({ path, wanted }) => ({
          path,
          protocols: [],
          deflate: wanted.fuzzCase.deflate === undefined ? false : {},
          steps: [],
          echoes: true,
        }));
        const asked = peer.ask<ClientView[]>("play", { to: { port, ...to }, conversations, together: true });
        outcomes.push(...await Promise.all(some.map(({ wanted }) => wanted.outcome.promise)));
        views.push(...await asked);
      }
      return { outcomes, views };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** RFC 7692, 7.1: as offered, and as agreed on. */
function extensionOf({ client, server }: Deflate): string {
  const parameters = ["permessage-deflate"];
  if (server.forgets) parameters.push("server_no_context_takeover");
  if (client.forgets) parameters.push("client_no_context_takeover");
  if (server.bits !== undefined) parameters.push(`server_max_window_bits=${server.bits}`);
  if (client.bits !== undefined) parameters.push(`client_max_window_bits=${client.bits}`);
  return parameters.join("; ");
}

/** Some at once; the results in the order of what they come from. */
async function inOrder<From, To>(all: readonly From[], one: (from: From) => Promise<To>): Promise<To[]> {
  const results: To[] = [];
  const left = all.entries();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const [at, from] of left) results[at] = await one(from);
  }));
  return results;
}
