// The ends of WebSockets over HTTP/2 frame by frame: what was said last arrives, whoever leaves meanwhile, and a reset is one
// also behind an end.

import assert from "node:assert/strict";
import { webSocketAccept } from "../../lib/http/websocket.ts";
import {
  CODE,
  data,
  type FieldLine,
  headers,
  readUint32,
  resetStream,
  SETTING,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { type Http2Wire, startHttp2Origin } from "../kit/http2_wire.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { fromClient, fromServer, joined, OP, readFrames } from "../kit/websocket_frames.ts";
import { connectHttp2, requestFields } from "../proxy/http2_clients.ts";
import { type Client, connectClient } from "../proxy/tunnel_clients.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const OFFER = [[SETTING.ENABLE_CONNECT_PROTOCOL, 1]] as const;
/** RFC 9113, 6.9.2 */
const WINDOW = 65_535;

const startHttp2 = () => startHttp2Origin({ scheme: "http", settings: OFFER });
const connectFields = (port: number): FieldLine[] => [
  ...requestFields("CONNECT", `http://127.0.0.1:${port}/chat`),
  [":protocol", "websocket"],
  ["sec-websocket-version", "13"],
];

/** The origin's side of HTTP/2. */
async function accept(wire: Http2Wire): Promise<void> {
  await wire.headers(1);
  wire.send(headers(1, [[":status", "200"]]));
}

/** A client of HTTP/1.1, once it has been answered. */
async function upgrade(client: Client, port: number, accepted: Promise<void>): Promise<void> {
  client.send(
    `GET http://127.0.0.1:${port}/chat HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\n` +
      `Upgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  await accepted;
  await client.until("\r\n\r\n");
}

const bytesOn = (wire: Http2Wire, stream: number): Uint8Array =>
  joined(
    wire.frames.filter(({ type, stream: on }) => type === TYPE.DATA && on === stream).map(({ payload }) =>
      payload
    ),
  );

Deno.test("websocket over HTTP/2: what waits for the origin's window arrives, and the client that has said it is kept for so long", async () => {
  await using origin = await startHttp2();
  await using proxy = await startProxy({ h2cHosts: [/./] });
  await using client = await connectClient(proxy.port);
  await upgrade(client, origin.port, origin.connection().then(accept));
  const wire = await origin.connection();
  client.send(fromClient.binary(new Uint8Array(WINDOW + 40_000)));
  await wire.frame(() => bytesOn(wire, 1).length === WINDOW);
  wire.send(data(1, fromServer.close(4000, "enough")));
  await client.until("enough");
  const last = Promise.withResolvers<void>();
  proxy.hooks.on("websocketMessage", () => last.resolve());
  client.send(joined([fromClient.text("last"), fromClient.close(4000, "enough")]));
  let isEnded = false;
  const ended = client.end().then(() => {
    isEnded = true;
    client.finish();
  });
  await last.promise;
  // As long as it would take the client to have left.
  for (let round = 0; round < 3; round++) {
    await using other = await connectClient(proxy.port);
    other.send("GET http://mitm.it/ HTTP/1.1\r\nHost: mitm.it\r\nConnection: close\r\n\r\n");
    await other.end();
  }
  assert.equal(isEnded, false);
  wire.send(windowUpdate(1, WINDOW), windowUpdate(0, 2 * WINDOW));
  await ended;
  await wire.frame(() => readFrames(bytesOn(wire, 1)).frames.length === 3);
  const { frames } = readFrames(bytesOn(wire, 1));
  assert.deepEqual(frames.map(({ opcode, payload: { length } }) => [opcode, length]), [
    [OP.binary, WINDOW + 40_000],
    [OP.text, 4],
    [OP.close, 8],
  ]);
  const { error, websocket } = await proxy.http(({ websocket }) => websocket !== null);
  assert.deepEqual([error, websocket?.close?.code, websocket?.close?.by], [null, 4000, "server"]);
});

Deno.test("websocket over HTTP/2: RST_STREAM of the client behind its END_STREAM, to an origin of HTTP/2", async () => {
  await using origin = await startHttp2();
  await using proxy = await startProxy({ h2cHosts: [/./] });
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, connectFields(origin.port)));
  const server = await origin.connection();
  await accept(server);
  await wire.headers(1);
  wire.send(data(1, fromClient.text("last"), { end: true }));
  await server.over(1);
  wire.send(resetStream(1, CODE.CANCEL));
  const { payload } = await server.frame(({ type, stream }) => type === TYPE.RST_STREAM && stream === 1);
  assert.equal(readUint32(payload, 0), CODE.CANCEL);
  const { error, websocket } = await proxy.http();
  assert.deepEqual([error?.code, error?.by, websocket?.close?.code], ["CANCEL", "client", 1006]);
});

Deno.test("websocket over HTTP/2: RST_STREAM of the client behind its END_STREAM, to an origin of HTTP/1.1", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  wire.send(headers(1, connectFields(origin.port)));
  const server = await origin.connection();
  const request = await server.until("\r\n\r\n");
  const key = /\r\nsec-websocket-key: (.*)\r\n/i.exec(request)?.[1] ?? "";
  server.send(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${webSocketAccept(key)}\r\n\r\n`,
  );
  await wire.headers(1);
  wire.send(data(1, fromClient.text("last"), { end: true }));
  await server.end();
  wire.send(resetStream(1, CODE.CANCEL));
  // After an end nothing more is read: who does not write does not hear of a reset.
  const write = () => {
    if (server.error !== null || server.socket.destroyed) return;
    server.socket.write(fromServer.text("still here"), () => setImmediate(write));
  };
  write();
  assert.match((await server.closed())!, /^(?:ECONNRESET|EPIPE)$/);
  assert.equal((await proxy.http()).error?.code, "CANCEL");
});

for (const code of ["INTERNAL_ERROR", "NO_ERROR"] as const) {
  Deno.test(`websocket over HTTP/2: RST_STREAM of the origin behind its END_STREAM: ${code}`, async () => {
    await using origin = await startHttp2();
    await using proxy = await startProxy({ h2cHosts: [/./] });
    await using wire = await connectHttp2(proxy.port);
    wire.send(headers(1, connectFields(origin.port)));
    const server = await origin.connection();
    await accept(server);
    await wire.headers(1);
    server.send(data(1, fromServer.text("last"), { end: true }));
    await wire.over(1);
    server.send(resetStream(1, CODE[code]));
    // RFC 9113, 8.1: without an error it says that no more is wanted of the client, which may end as it likes.
    if (code === "NO_ERROR") wire.send(data(1, "", { end: true }));
    else {
      const { payload } = await wire.frame(({ type, stream }) => type === TYPE.RST_STREAM && stream === 1);
      assert.equal(readUint32(payload, 0), CODE[code]);
    }
    const { error, websocket } = await proxy.http();
    assert.deepEqual([error?.code ?? "NO_ERROR", websocket?.close?.code], [code, 1006]);
  });
}
