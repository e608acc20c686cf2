// Tunnels in an HTTP/2 connection share it, and do not keep each other waiting (RFC 9113, 5.2).

import assert from "node:assert/strict";
import {
  CODE,
  data,
  headers,
  readUint32,
  resetStream,
  SETTING,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy } from "../kit/proxy_fixture.ts";
import { connectFields, connectHttp2, connectHttp2Tls, getFields } from "./http2_clients.ts";
import { echo } from "./http2_tunnels.ts";

Deno.test("connect over h2: a tunnel whose origin reads nothing shuts its own window, and no other", async () => {
  await using origin = await startRawOrigin({
    onConnection: (connection) => {
      connection.until((received) => received.length > 0).then((received) => {
        if (received.startsWith("\0stall")) connection.socket.pause();
        else {
          connection.send(Uint8Array.from(received, (character) => character.charCodeAt(0)));
          echo(connection);
        }
      }, () => {});
    },
  });
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port);
  const target = connectFields(`127.0.0.1:${origin.port}`);
  wire.send(headers(1, target), data(1, "\0stall"));
  await (await origin.connection(0)).until("\0stall");
  const credit = (stream: number) => {
    let sum = 0;
    for (const frame of wire.frames) {
      if (frame.type === TYPE.WINDOW_UPDATE && frame.stream === stream) sum += readUint32(frame.payload, 0);
    }
    return sum;
  };
  const piece = new Uint8Array(16_384);
  let sent = 6;
  // As much as it is allowed to: its window, and what it got back.
  const more = () => {
    while (sent + piece.length <= 262_144 + credit(1)) {
      wire.send(data(1, piece));
      sent += piece.length;
    }
  };
  const granted = () => wire.frames.length;
  for (let seen = -1; seen < granted();) {
    seen = granted();
    more();
    // Another tunnel is as quick as ever: by its answer all before it has been looked at.
    const stream = wire.frames.length * 2 + 1001;
    wire.send(headers(stream, target), data(stream, "\0go"));
    await wire.frame(({ type, stream: on }) => type === TYPE.DATA && on === stream);
    wire.send(data(stream, "", { end: true }));
    await wire.over(stream);
    if (credit(1) < sent - 262_144 + piece.length) break;
  }
  // The sockets' own buffers take some megabytes, then it stands.
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were taken`);
  const server = await origin.connection(0);
  server.socket.resume();
  await server.until((received) => received.length >= 6);
  wire.send(resetStream(1, CODE.CANCEL));
  await proxy.tcp(({ error }) => error !== null);
});

Deno.test("connect over h2: a tunnel whose client takes nothing stops its origin, and no other", async () => {
  const flood = new Uint8Array(4 * 1024 * 1024);
  await using origin = await startRawOrigin({
    onConnection: (connection) => {
      connection.until((received) => received.length > 0).then((received) => {
        if (received.startsWith("\0flood")) connection.send(flood);
        else {
          connection.send(Uint8Array.from(received, (character) => character.charCodeAt(0)));
          echo(connection);
        }
      }, () => {});
    },
  });
  await using proxy = await startProxy();
  await using wire = await connectHttp2(proxy.port, [[SETTING.INITIAL_WINDOW_SIZE, 100_000]]);
  wire.send(windowUpdate(0, 2 ** 31 - 1 - 65_535));
  const target = connectFields(`127.0.0.1:${origin.port}`);
  wire.send(headers(1, target), data(1, "\0flood"));
  const received = (stream: number) => bodyLength(wire, stream);
  await wire.frame(() => received(1) === 100_000, "all of the window");
  wire.send(headers(3, target), data(3, "\0go"));
  await wire.frame(({ type, stream }) => type === TYPE.DATA && stream === 3);
  assert.equal(received(1), 100_000);
  wire.send(windowUpdate(1, flood.length));
  await wire.frame(() => received(1) === flood.length, "all of it");
});

function bodyLength(
  wire: { frames: readonly { type: number; stream: number; payload: Uint8Array }[] },
  stream: number,
) {
  let length = 0;
  for (const frame of wire.frames) {
    if (frame.type === TYPE.DATA && frame.stream === stream) length += frame.payload.length;
  }
  return length;
}

Deno.test("connect over h2: over TLS to the proxy, a megabyte each way comes through whole", async () => {
  await using origin = await startRawOrigin({ onConnection: echo });
  await using proxy = await startProxy();
  await using wire = await connectHttp2Tls(proxy.port, proxy.authority.certificatePem);
  wire.send(headers(1, connectFields(`127.0.0.1:${origin.port}`)));
  await wire.headers(1);
  const size = 1024 * 1024;
  let sent = 0;
  let given = 0;
  const credit = () =>
    wire.frames.filter(({ type, stream }) => type === TYPE.WINDOW_UPDATE && stream === 1)
      .reduce((sum, frame) => sum + readUint32(frame.payload, 0), 262_144);
  while (bodyLength(wire, 1) < size) {
    for (; sent < size && sent + 16_384 <= credit(); sent += 16_384) {
      wire.send(data(1, Uint8Array.from({ length: 16_384 }, (_, index) => (sent + index * 7) & 0xff)));
    }
    const before = wire.frames.length;
    const received = bodyLength(wire, 1);
    if (received > given) {
      wire.send(windowUpdate(1, received - given), windowUpdate(0, received - given));
      given = received;
    }
    await wire.frame(() => wire.frames.length > before, "more");
  }
  const pieces = wire.frames.filter(({ type, stream }) => type === TYPE.DATA && stream === 1);
  let at = 0;
  for (const { payload } of pieces) {
    for (const byte of payload) {
      const block = at - at % 16_384;
      if (byte !== ((block + (at - block) * 7) & 0xff)) assert.fail(`byte ${at} is ${byte}`);
      at++;
    }
  }
  assert.equal(at, size);
  wire.send(headers(3, getFields("http://127.0.0.1:1/"), { end: true }));
  await wire.over(3);
});
