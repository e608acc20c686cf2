// Deno's WebSocket and Deno.upgradeWebSocket on both ends, the client by way of its own proxy setting.

import assert from "node:assert/strict";
import { type ProxyFixture, startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { soon } from "../proxy/tunnel_clients.ts";
import { noise, words } from "./websocket_sayings.ts";

const MESSAGES = ["Hello", "", "κόσμε 🙂", new Uint8Array(0), noise(300), noise(1024 * 1024), words(200_000)];

type Closed = [code: number, reason: string, wasClean: boolean];

/** An echo, but for "close": then it closes with 4002. */
async function startEcho(scheme: "ws" | "wss") {
  const leaf = await (await testOriginAuthority()).leafFor({ host: "localhost", extraNames: ["127.0.0.1"] });
  const closed = Promise.withResolvers<Closed>();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    ...(scheme === "ws" ? {} : { cert: leaf.certificatePem, key: leaf.keyPem }),
  }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "first.example" });
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => data === "close" ? socket.close(4002, "because") : socket.send(data);
    socket.onclose = ({ code, reason, wasClean }) => closed.resolve([code, reason, wasClean]);
    return response;
  });
  return {
    port: server.addr.port,
    closed: closed.promise,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Says all of it, then closes, or has it closed. */
async function converse(
  proxy: ProxyFixture,
  url: string,
  close: [number, string] | null,
): Promise<{ protocol: string; same: boolean[]; closed: Closed }> {
  using client = Deno.createHttpClient({
    proxy: { url: proxy.url },
    caCerts: [proxy.authority.certificatePem],
  });
  const socket = new WebSocket(url, { protocols: ["first.example"], client });
  socket.binaryType = "arraybuffer";
  const same: boolean[] = [];
  const closed = new Promise<Closed>((resolve, reject) => {
    socket.onopen = () => MESSAGES.forEach((message) => socket.send(message));
    socket.onmessage = ({ data }) => {
      const message = MESSAGES[same.length]!;
      same.push(
        typeof message === "string"
          ? data === message
          : data instanceof ArrayBuffer && `${new Uint8Array(data)}` === `${message}`,
      );
      if (same.length < MESSAGES.length) return;
      if (close === null) socket.send("close");
      else socket.close(...close);
    };
    socket.onclose = ({ code, reason, wasClean }) => resolve([code, reason, wasClean]);
    socket.onerror = (event) => reject(new Error(event instanceof ErrorEvent ? event.message : "failed"));
  });
  return { closed: await soon(closed, "the close"), same, protocol: socket.protocol };
}

for (const scheme of ["ws", "wss"] as const) {
  for (const by of ["client", "server"] as const) {
    Deno.test(`Deno's WebSocket, closed by the ${by}: ${scheme}`, async () => {
      await using echo = await startEcho(scheme);
      await using proxy = await startProxy();
      const url = `${scheme}://localhost:${echo.port}/echo`;
      const { protocol, same, closed } = await converse(proxy, url, by === "client" ? [4001, "bye"] : null);
      const [code, reason] = by === "client" ? [4001, "bye"] : [4002, "because"];
      assert.equal(protocol, "first.example");
      assert.deepEqual(same, MESSAGES.map(() => true));
      assert.deepEqual(closed, [code, reason, true]);
      assert.deepEqual(await soon(echo.closed, "the close"), [code, reason, true]);
      const { websocket, error } = await proxy.http();
      const sizes = (fromClient: boolean) =>
        websocket!.messages.filter((message) => message.fromClient === fromClient).map(({ body }) =>
          body.length
        );
      const said = MESSAGES.map((message) => new Blob([message]).size);
      assert.deepEqual(sizes(false), said);
      assert.deepEqual(sizes(true), by === "client" ? said : [...said, "close".length]);
      const { at: _, ...close } = websocket!.close!;
      assert.deepEqual([close, error], [{ code, reason, by }, null]);
    });
  }
}
