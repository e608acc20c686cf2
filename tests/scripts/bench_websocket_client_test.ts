// scripts/bench_websocket_client.ts: messages come out whole, however a proxy cuts them into frames and pieces.

import assert from "node:assert/strict";
import { WebSocketClient } from "../../scripts/bench_websocket_client.ts";
import { BINARY, CLOSE, FIN, PING, RSV1, TEXT } from "../../scripts/bench_websocket_frames.ts";
import { upgradeResponse } from "../../scripts/bench_websocket_handshake.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";

const encoder = new TextEncoder();

/** A client of an origin that, once asked, writes `bytes`, piece by piece, and ends. */
async function withClient(
  bytes: readonly number[],
  pieceSize: number,
  run: (client: WebSocketClient) => Promise<void>,
): Promise<void> {
  const authority = await testOriginAuthority();
  const { certificatePem, keyPem } = await authority.leafFor({ host: "localhost", extraNames: [] });
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: certificatePem, key: keyPem });
  const opened = Promise.withResolvers<void>();
  const serve = async (): Promise<void> => {
    using conn = await listener.accept();
    const buffer = new Uint8Array(4096);
    let request = "";
    while (!request.endsWith("\r\n\r\n")) {
      const count = await conn.read(buffer);
      assert(count !== null);
      request += new TextDecoder().decode(buffer.subarray(0, count));
    }
    await conn.write(encoder.encode(upgradeResponse(request) ?? ""));
    await opened.promise;
    for (let at = 0; at < bytes.length; at += pieceSize) {
      await conn.write(Uint8Array.from(bytes.slice(at, at + pieceSize)));
    }
    await conn.closeWrite();
    while (await conn.read(buffer) !== null);
  };
  const { port } = listener.addr as Deno.NetAddr;
  const serving = serve();
  {
    using client = await WebSocketClient.open(
      { port, ca: authority.certificatePem, tunnelTo: null },
      true,
      200,
    );
    opened.resolve();
    await run(client);
  }
  await serving;
}

Deno.test("bench WebSocket client: fragments, pings between them, and a close frame", async () => {
  const long = Array.from({ length: 150 }, (_, index) => index);
  const bytes = [
    ...[RSV1 | TEXT, 2, 0x61, 0x62, FIN | PING, 1, 9, 0, 0, FIN, 1, 0x63],
    ...[FIN | BINARY, 126, 0, 150, ...long],
    ...[FIN | TEXT, 0],
    ...[FIN | CLOSE, 2, 3, 0xe8],
  ];
  for (const pieceSize of [1, 5, 1000]) {
    await withClient(bytes, pieceSize, async (client) => {
      const received: [number[], boolean][] = [];
      for (;;) {
        const message = await client.receive();
        if (message === null) break;
        received.push([[...message.payload], message.isCompressed]);
      }
      assert.deepEqual(received, [[[0x61, 0x62, 0x63], true], [long, false], [[], false]]);
    });
  }
});

Deno.test("bench WebSocket client: what no server may send, and an end without a close frame", async () => {
  const rows: [number[], RegExp][] = [
    [[FIN | TEXT, 0x81, 0, 0, 0, 0, 0x61], /a frame came masked/],
    [[FIN | BINARY, 126, 1, 0, ...new Array<number>(256).fill(0)], /more than 200 bytes/],
    [[FIN | TEXT, 3, 0x61], /ended without a close frame/],
  ];
  for (const [bytes, pattern] of rows) {
    await withClient(bytes, 1000, (client) => assert.rejects(client.receive(), pattern));
  }
});
