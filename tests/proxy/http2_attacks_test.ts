// Attacks over HTTP/2 on the whole proxy: the attacker loses its connection, with the code that says why; its neighbours
// are served meanwhile, and the origin sees no more of it than the limits allow.

import assert from "node:assert/strict";
import net from "node:net";
import { defaultHttp2Limits } from "../../lib/http2/limits.ts";
import {
  CODE,
  continuation,
  data,
  fieldBlock,
  FLAG,
  headers,
  join,
  ping,
  priority,
  readUint32,
  resetStream,
  SETTING,
  settings,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { bodyOf, connectHttp2, getFields, requestFields } from "./http2_clients.ts";

interface Attack {
  name: string;
  /** One piece of it; sent until the connection is closed, at most `most` times. */
  piece(count: number, url: string): Uint8Array;
  most: number;
  /** Connections the origin may see of it. */
  connections: number;
}

const idle = (name: string, piece: Uint8Array): Attack => ({
  name,
  piece: () => piece,
  most: 2 * defaultHttp2Limits.overhead / piece.length + 1000,
  connections: 0,
});

const attacks: Attack[] = [
  {
    name: "rapid reset",
    piece: (count, url) =>
      join(headers(1 + 2 * count, getFields(url), { end: true }), resetStream(1 + 2 * count, CODE.CANCEL)),
    most: 4 * defaultHttp2Limits.resets,
    // What was being dialed when its request went away.
    connections: defaultHttp2Limits.resets,
  },
  {
    name: "CONTINUATION flood",
    piece: (count, url) =>
      count === 0
        ? headers(1, fieldBlock(getFields(url)), { end: true, endHeaders: false })
        : continuation(1, new Uint8Array(0), false),
    most: 1000,
    connections: 0,
  },
  {
    name: "a header block that grows and grows",
    piece: (count, url) =>
      count === 0
        ? headers(1, fieldBlock(getFields(url, ["x", "y".repeat(16_000)])), { end: true, endHeaders: false })
        : continuation(1, new Uint8Array(16_384), false),
    most: 1000,
    connections: 0,
  },
  idle("PING flood", ping()),
  idle("SETTINGS flood", settings([SETTING.INITIAL_WINDOW_SIZE, 1000])),
  idle("PRIORITY flood", priority(1, 0)),
  idle("WINDOW_UPDATE flood", windowUpdate(0, 1)),
];

for (const attack of attacks) {
  Deno.test(`http2 attack: ${attack.name}: ENHANCE_YOUR_CALM, and other clients are served`, async () => {
    await using origin = await startAnsweringOrigin();
    await using proxy = await startProxy();
    const url = `http://127.0.0.1:${origin.port}/`;
    await using attacker = await connectHttp2(proxy.port);
    let open = true;
    const closed = attacker.closed().then(() => open = false);
    let served = 0;
    for (let count = 0; open; count++) {
      assert.ok(count <= attack.most, "it goes on and on");
      attacker.send(attack.piece(count, url));
      if (count % 64 !== 63) continue;
      // Time for the proxy, and for a neighbour.
      await using neighbour = await connectHttp2(proxy.port);
      neighbour.send(headers(1, getFields(url), { end: true }));
      await neighbour.over(1);
      assert.equal(bodyOf(neighbour, 1), "ok");
      served++;
    }
    await closed;
    const goAway = attacker.frames.find(({ type }) => type === TYPE.GOAWAY);
    assert.ok(goAway !== undefined, attacker.log.join());
    assert.equal(readUint32(goAway.payload, 4), CODE.ENHANCE_YOUR_CALM);
    assert.ok(served > 0);
    assert.ok(
      origin.connections <= served + attack.connections,
      `${origin.connections} connections for ${served} neighbours`,
    );
  });
}

/** Answers every request "ok" and counts its connections. */
async function startAnsweringOrigin(): Promise<
  AsyncDisposable & { port: number; readonly connections: number }
> {
  let connections = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

Deno.test("http2 attack: windows that never open hold what the limits say, and no neighbour", async () => {
  await using origin = await startRawOrigin({
    onConnection: (connection) => {
      connection.until("\r\n\r\n").then(() => {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        connection.send(new Uint8Array(1_000_000));
      }, () => {});
    },
  });
  await using proxy = await startProxy();
  const url = `http://127.0.0.1:${origin.port}/`;
  await using stalled = await connectHttp2(proxy.port, [[SETTING.INITIAL_WINDOW_SIZE, 0]]);
  for (let stream = 1; stream < 12; stream += 2) {
    stalled.send(headers(stream, getFields(url), { end: true }));
  }
  await using neighbour = await connectHttp2(proxy.port);
  neighbour.send(
    windowUpdate(0, 2_000_000),
    headers(1, requestFields("POST", url), { end: false }),
    windowUpdate(1, 2_000_000),
    data(1, "x", { end: true }),
  );
  await neighbour.over(1);
  assert.equal(bodyOf(neighbour, 1).length, 1_000_000);
  const sent = stalled.frames.filter(({ type, payload }) => type === TYPE.DATA && payload.length > 0);
  assert.equal(sent.length, 0);
  assert.equal(
    stalled.frames.some(({ type, flags }) => type === TYPE.HEADERS && (flags & FLAG.END_STREAM) !== 0),
    false,
  );
});
