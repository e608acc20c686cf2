// Deno's fetch as a client: explicit and through CONNECT, the proxy itself plain or over TLS, streams in both
// directions, and a hundred clients at once.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { HttpFlow } from "../../lib/flow/record.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { type Digest, startDenoOrigin } from "./deno_origin.ts";
import { generatedArray, generatedBytes, generatedHash } from "./generated_bytes.ts";
import { ScriptedOrigin } from "./scripted_origin.ts";

function clientOf(proxy: ProxyFixture, url = proxy.url): Deno.HttpClient {
  return Deno.createHttpClient({ proxy: { url }, caCerts: [proxy.authority.certificatePem], http2: false });
}

async function hashOf(response: Response): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of response.body ?? []) hash.update(piece);
  return hash.digest("hex");
}

for (const scheme of ["http", "https"] as const) {
  Deno.test(`fetch over ${scheme}: GET, POST, HEAD, redirects of status, gzip`, async () => {
    await using origin = await startDenoOrigin(scheme);
    await using proxy = await startProxy();
    using client = clientOf(proxy);
    const base = `${scheme}://localhost:${origin.port}`;

    const got = await fetch(`${base}/bytes?length=200000`, { client });
    assert.equal(got.headers.get("content-length"), "200000");
    assert.equal(await hashOf(got), generatedHash(200_000));

    const posted = await fetch(`${base}/digest?a=%7E`, {
      client,
      method: "POST",
      body: generatedArray(200_000),
    });
    const digest: Digest = await posted.json();
    assert.deepEqual([digest.method, digest.length, digest.hash], ["POST", 200_000, generatedHash(200_000)]);
    assert.ok(digest.url.endsWith("/digest?a=%7E"));

    const streamed = await fetch(`${base}/digest`, {
      client,
      method: "PUT",
      body: ReadableStream.from(copies(generatedBytes(300_000))),
    });
    const { hash, fields }: Digest = await streamed.json();
    assert.equal(hash, generatedHash(300_000));
    assert.ok(fields.some(([name, value]) => name === "transfer-encoding" && value === "chunked"));

    const head = await fetch(`${base}/bytes?length=5`, { client, method: "HEAD" });
    assert.deepEqual([head.headers.get("content-length"), await head.text()], ["5", ""]);
    assert.equal((await fetch(`${base}/nothing`, { client })).status, 204);
    assert.equal(
      (await fetch(`${base}/tagged`, { client, headers: { "if-none-match": '"tag"' } })).status,
      304,
    );
    const text = await fetch(`${base}/text`, { client, headers: { "accept-encoding": "gzip" } });
    assert.equal((await text.text()).length, 10_000);

    const compressed = await proxy.http(({ request }) => request.head.path === "/text");
    assert.equal(compressed.response?.head.fields.get("content-encoding"), "gzip");
    assert.ok(compressed.response!.body.length < 1_000, "recorded as it came");
    for (const { error } of proxy.ended) assert.equal(error, null);
  });

  Deno.test(`fetch over ${scheme}: events arrive before the next one is sent`, async () => {
    await using origin = await ScriptedOrigin.start(scheme);
    await using proxy = await startProxy();
    using client = clientOf(proxy);
    origin.script = async (connection) => {
      await connection.until("\r\n\r\n");
      connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
      );
    };
    const response = await fetch(`${scheme}://localhost:${origin.port}/events`, { client });
    const events = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const connection = await origin.raw.connection();
    for (let index = 0; index < 20; index++) {
      const event = `data: ${index}\n\n`;
      connection.send(`${event.length.toString(16)}\r\n${event}\r\n`);
      assert.equal((await events.read()).value, event);
    }
    connection.send("0\r\n\r\n");
    assert.equal((await events.read()).done, true);
    assert.equal((await proxy.http()).error, null);
  });

  Deno.test(`fetch over ${scheme}: through the proxy's port spoken to over TLS`, async () => {
    await using origin = await startDenoOrigin(scheme);
    await using proxy = await startProxy();
    using client = clientOf(proxy, `https://127.0.0.1:${proxy.port}`);
    const response = await fetch(`${scheme}://localhost:${origin.port}/bytes?length=100000`, { client });
    assert.equal(await hashOf(response), generatedHash(100_000));
    const flow = await proxy.http();
    assert.deepEqual([flow.scheme, flow.error, flow.client.tls?.version], [scheme, null, "TLSv1.3"]);
  });
}

const SIZES = [0, 1, 100, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 300_000];

for (const scheme of ["http", "https"] as const) {
  Deno.test(`a hundred clients at once over ${scheme}, each gets and sends its own bytes`, async () => {
    await using origin = await startDenoOrigin(scheme);
    await using proxy = await startProxy({ captureLimit: 10_000 });
    const base = `${scheme}://localhost:${origin.port}`;
    await Promise.all(Array.from({ length: 100 }, async (_, index) => {
      using client = clientOf(proxy);
      const up = SIZES[index % SIZES.length]!;
      const down = SIZES[(index * 7 + 3) % SIZES.length]!;
      const posted = await fetch(`${base}/digest?${index}`, {
        client,
        method: "POST",
        body: generatedArray(up),
      });
      const digest: Digest = await posted.json();
      assert.deepEqual([digest.length, digest.hash], [up, generatedHash(up)]);
      assert.ok(digest.url.endsWith(`?${index}`));
      const framing = index % 2 === 0 ? "" : "&chunked";
      const got = await fetch(`${base}/bytes?length=${down}&of=${index}${framing}`, { client });
      assert.equal(await hashOf(got), generatedHash(down));
    }));
    const flows = proxy.ended.filter((flow): flow is HttpFlow => flow.kind === "http");
    assert.equal(flows.length, 200);
    for (const { error, request, response } of flows) {
      assert.equal(error, null);
      const length = /length=(\d+)/.exec(request.head.path)?.[1];
      if (length !== undefined) assert.equal(response?.body.length, Number(length));
    }
    const clients = new Set(flows.map(({ client }) => client));
    const servers = new Set(flows.map(({ server }) => server));
    assert.equal(servers.size, clients.size, "one connection to the origin for each of a client");
  });
}

function* copies(source: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const piece of source) yield piece.slice();
}
