// The hellos of real clients, caught on loopback.

import assert from "node:assert/strict";
import tls from "node:tls";
import { type ClientHello, looksLikeTls, parseClientHello } from "../../lib/tls/client_hello.ts";
import { curlMissing, opensslMissing } from "./command_line.ts";
import { records } from "./hello_bytes.ts";

const TLS12 = 0x0303;
const TLS13 = 0x0304;

/** Starts a client against a loopback port, reads its hello as it comes, hangs up. The client's end is waited for. */
async function helloOf(client: (port: number) => Promise<unknown>): Promise<ClientHello> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const running = client((listener.addr as Deno.NetAddr).port);
  let bytes = new Uint8Array(0);
  {
    using connection = await listener.accept();
    const buffer = new Uint8Array(16 * 1024);
    while (parseClientHello(bytes).kind === "incomplete") {
      const count = await connection.read(buffer);
      assert(count !== null, "the client hung up");
      bytes = Uint8Array.from([...bytes, ...buffer.subarray(0, count)]);
    }
  }
  await running;

  const reading = parseClientHello(bytes);
  assert(reading.kind === "hello", JSON.stringify(reading));
  assert.equal(looksLikeTls(bytes), "yes");
  for (let length = 0; length < bytes.length; length++) {
    const shorter = parseClientHello(bytes.subarray(0, length));
    assert(shorter.kind === "incomplete", `${length} of ${bytes.length} bytes`);
  }
  // The same hello in smaller records.
  const content = bytes.subarray(5);
  for (const size of [1, 5, 100]) assert.deepEqual(parseClientHello(records(content, [size])), reading);
  return reading.hello;
}

function nodeClient(options: tls.ConnectionOptions): (port: number) => Promise<void> {
  return (port) =>
    new Promise((resolve) => {
      const socket = tls.connect({ host: "127.0.0.1", port, ...options });
      socket.on("error", () => {});
      socket.on("close", () => resolve());
    });
}

function command(name: string, args: (port: number) => string[]): (port: number) => Promise<unknown> {
  return (port) =>
    new Deno.Command(name, { args: args(port), stdin: "null", stdout: "null", stderr: "null" }).output();
}

Deno.test("the hello of node:tls", async () => {
  const hello = await helloOf(nodeClient({ servername: "node.example", ALPNProtocols: ["h2", "http/1.1"] }));
  assert.equal(hello.legacyVersion, TLS12);
  assert.deepEqual([...hello.versions].sort(), [TLS12, TLS13]);
  assert.equal(hello.serverName, "node.example");
  assert.deepEqual(hello.alpn, ["h2", "http/1.1"]);
  assert(hello.cipherSuites.includes(0x1301));
});

Deno.test("the hello of node:tls without a name", async () => {
  const hello = await helloOf(nodeClient({}));
  assert.equal(hello.serverName, null);
  assert.deepEqual(hello.alpn, []);
});

Deno.test("the hello of Deno.connectTls", async () => {
  const hello = await helloOf(async (port) => {
    await assert.rejects(async () => {
      using connection = await Deno.connectTls({ hostname: "localhost", port, alpnProtocols: ["x/1"] });
      await connection.handshake();
    });
  });
  assert.equal(hello.serverName, "localhost");
  assert.deepEqual(hello.alpn, ["x/1"]);
  assert(hello.versions.includes(TLS13));
});

Deno.test({
  name: "the hello of openssl s_client (needs openssl)",
  ignore: opensslMissing,
  fn: async () => {
    const client = (...options: string[]) =>
      helloOf(command("openssl", (port) => ["s_client", "-connect", `127.0.0.1:${port}`, ...options]));
    const modern = await client(
      "-servername",
      "openssl.example",
      "-alpn",
      "h2,spdy/3",
      "-ciphersuites",
      "TLS_AES_256_GCM_SHA384",
    );
    assert.deepEqual(modern.versions.slice(0, 2), [TLS13, TLS12]);
    assert.equal(modern.serverName, "openssl.example");
    assert.deepEqual(modern.alpn, ["h2", "spdy/3"]);
    assert.equal(modern.cipherSuites[0], 0x1302);

    // Nothing but the legacy version tells what it offers.
    const old = await client("-tls1_2", "-noservername");
    assert.equal(old.legacyVersion, TLS12);
    assert.deepEqual(old.versions, [TLS12]);
    assert.equal(old.serverName, null);
    assert(!old.cipherSuites.includes(0x1301));
  },
});

Deno.test({
  name: "the hello of curl (needs curl)",
  ignore: curlMissing,
  fn: async () => {
    const hello = await helloOf(command("curl", (port) => {
      const resolve = `curl.example:${port}:127.0.0.1`;
      return [
        "--noproxy",
        "*",
        "--insecure",
        "--http1.1",
        "--max-time",
        "10",
        "--resolve",
        resolve,
        `https://curl.example:${port}/`,
      ];
    }));
    assert.equal(hello.serverName, "curl.example");
    assert.deepEqual(hello.alpn, ["http/1.1"]);
    assert(hello.versions.includes(TLS13));
  },
});
