// node:http and node:https of Deno as clients, through CONNECT made by hand.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import http from "node:http";
import https from "node:https";
import type net from "node:net";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { tunnelSocket } from "../proxy/tunnel_clients.ts";
import { type Digest, startDenoOrigin } from "./deno_origin.ts";
import { generatedArray, generatedHash } from "./generated_bytes.ts";

interface Answer {
  status: number;
  length: number;
  hash: string;
  text: string;
}

function read(request: http.ClientRequest, body: Uint8Array | null): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      const hash = createHash("sha256");
      let length = 0;
      let text = "";
      response.on("data", (piece: Uint8Array) => {
        hash.update(piece);
        length += piece.length;
        if (length < 10_000) text += new TextDecoder().decode(piece);
      });
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, length, hash: hash.digest("hex"), text });
      });
    });
    if (body === null) request.end();
    else request.end(body);
  });
}

async function exchange(
  proxy: ProxyFixture,
  open: (options: http.RequestOptions) => http.ClientRequest,
): Promise<void> {
  const got = await read(open({ path: "/bytes?length=200000" }), null);
  assert.deepEqual([got.length, got.hash], [200_000, generatedHash(200_000)]);
  const posted = await read(open({ path: "/digest", method: "POST" }), generatedArray(200_000));
  const digest: Digest = JSON.parse(posted.text);
  assert.deepEqual([digest.length, digest.hash], [200_000, generatedHash(200_000)]);
  assert.deepEqual(proxy.ended.map(({ error }) => error), [null, null]);
}

Deno.test("node:http in absolute form", async () => {
  await using origin = await startDenoOrigin("http");
  await using proxy = await startProxy();
  const host = `localhost:${origin.port}`;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  await exchange(proxy, ({ path, ...options }) =>
    http.request({
      ...options,
      agent,
      host: "127.0.0.1",
      port: proxy.port,
      path: `http://${host}${path}`,
      headers: { Host: host },
    }));
  agent.destroy();
});

Deno.test("node:https in a tunnel of its own for each request", async () => {
  await using origin = await startDenoOrigin("https");
  await using proxy = await startProxy();
  const sockets: net.Socket[] = [];
  const open = async () => {
    const socket = await tunnelSocket(proxy.port, `localhost:${origin.port}`);
    sockets.push(socket);
    return socket;
  };
  for (const length of [0, 70_000]) {
    const socket = await open();
    const request = https.request({
      method: "PUT",
      host: "localhost",
      port: origin.port,
      path: `/digest?${length}`,
      agent: false,
      socket,
      servername: "localhost",
      ca: proxy.authority.certificatePem,
    } as https.RequestOptions);
    const { status, text } = await read(request, generatedArray(length));
    assert.equal(status, 200);
    assert.deepEqual([JSON.parse(text).length, JSON.parse(text).hash], [length, generatedHash(length)]);
    const flow = await proxy.http(({ request }) => request.head.path.endsWith(String(length)));
    assert.deepEqual([flow.error, flow.request.body.length], [null, length]);
  }
  for (const socket of sockets) socket.destroy();
});
