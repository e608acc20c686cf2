// Clients that refuse our certificate, leave, or speak a TLS that is too old: what the log says, and what then happens.

import assert from "node:assert/strict";
import { type ProxyFixture, startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { type RawOrigin, startRawOrigin } from "../kit/origins.ts";
import { helloMessage, records, serverNameExtension, versionsExtension } from "../tls/hello_bytes.ts";
import { get, sayHello } from "./tls_origins.ts";
import { openTlsTunnel, openTunnel, originFingerprint, soon, tunnelSocket } from "./tunnel_clients.ts";

const HOST = "strict.example";

interface Setup extends AsyncDisposable {
  proxy: ProxyFixture;
  origin: RawOrigin;
}

async function setup(settings: Parameters<typeof startProxy>[0] = {}): Promise<Setup> {
  const origin = await startRawOrigin({ tls: { names: [HOST] }, onConnection: sayHello });
  const proxy = await startProxy({
    resolve: [{ host: HOST, port: 443, address: "127.0.0.1", toPort: origin.port }],
    ...settings,
  });
  return {
    proxy,
    origin,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

/** Deno's own TLS, which sends an alert that names its reason. */
async function rejectingClient(proxy: ProxyFixture): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  await connection.write(new TextEncoder().encode(`CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`));
  const buffer = new Uint8Array(1024);
  assert.ok(await connection.read(buffer));
  const client = await Deno.startTls(connection, { hostname: HOST });
  await assert.rejects(client.handshake(), /UnknownIssuer|invalid peer certificate/);
  client.close();
}

Deno.test("rejected: a client that does not trust the CA is named in the log, with the cure", async () => {
  await using parts = await setup();
  const { proxy } = parts;
  const reasons: string[] = [];
  proxy.hooks.on("tlsFailed", (_record, leg, reason) => void reasons.push(`${leg}: ${reason}`));
  await rejectingClient(proxy);
  const entry = await proxy.log("tls-client-rejected");
  assert.equal(entry.level, "warn");
  assert.equal(entry.client?.remote.host, "127.0.0.1");
  assert.match(entry.message, /^the client does not trust mitm's certificate for strict\.example:443 \(/);
  assert.match(entry.message, /let it trust the CA \(http:\/\/mitm\.it\/ through the proxy/);
  assert.match(entry.message, /--ignore/);
  assert.ok(!entry.message.includes("\n"));
  assert.deepEqual(reasons, [`client: ${entry.message}`]);
  // It stays so: nothing passes untouched.
  await rejectingClient(proxy);
});

Deno.test("rejected: with --passthrough-on-reject the next connection passes untouched", async () => {
  await using parts = await setup({ passthroughOnReject: true });
  const { proxy } = parts;
  await rejectingClient(proxy);
  const entry = await proxy.log("tls-client-rejected");
  assert.match(
    entry.message,
    /from its next connection on strict\.example passes untouched \(--passthrough-on-reject\)$/,
  );
  const trust = (await testOriginAuthority()).certificatePem;
  for (const serverName of [HOST, "STRICT.example"]) {
    await using client = await openTlsTunnel(proxy.port, `${HOST}:443`, { serverName, ca: trust });
    assert.equal(client.fingerprint, await originFingerprint([HOST]));
    assert.equal((await get(client)).status, 200);
  }
  assert.deepEqual(proxy.ended, []);
});

Deno.test("rejected: --passthrough-on-reject is for that host alone", async () => {
  await using parts = await setup({ passthroughOnReject: true });
  const { proxy, origin } = parts;
  await rejectingClient(proxy);
  await proxy.log("tls-client-rejected");
  proxy.settings.insecure = true;
  await using other = await openTlsTunnel(proxy.port, `127.0.0.1:${origin.port}`, {
    serverName: "other.example",
    ca: proxy.authority.certificatePem,
  });
  assert.equal((await get(other)).status, 200);
});

Deno.test("rejected: a client that only closes is given the benefit of the doubt, and the log says what it may be", async () => {
  await using parts = await setup({ passthroughOnReject: true });
  const { proxy } = parts;
  const hello = records(
    helloMessage({ extensions: [serverNameExtension(HOST), ...modernExtensions()] }),
  );
  await using client = await openTunnel(proxy.port, `${HOST}:443`);
  client.send(hello);
  await client.until((received) => received.length > 5);
  client.finish();
  const entry = await proxy.log("tls-client-failed");
  assert.match(
    entry.message,
    /closed the connection during the TLS handshake for strict\.example:443: perhaps/,
  );
  assert.match(entry.message, /http:\/\/mitm\.it\//);
  // Closing is no rejection: the next connection is intercepted.
  await using next = await openTlsTunnel(proxy.port, `${HOST}:443`, {
    serverName: HOST,
    ca: proxy.authority.certificatePem,
  });
  assert.equal((await get(next)).status, 200);
});

/** What a TLS 1.3 server needs to answer at all: groups, signatures, versions, a key share. */
function modernExtensions(): [number, number[]][] {
  return [
    [10, [0, 2, 0, 29]],
    [13, [0, 6, 4, 3, 8, 4, 4, 1]],
    versionsExtension([0x0304]),
    // RFC 7748: any 32 bytes are a public key.
    [51, [0, 36, 0, 29, 0, 32, ...new Array<number>(32).fill(9)]],
  ];
}

for (const [name, version] of [["TLS 1.0", 0x0301], ["TLS 1.1", 0x0302], ["SSL 3.0", 0x0300]] as const) {
  Deno.test(`rejected: a client that speaks ${name} at most gets a failure, and the log names what it offered`, async () => {
    await using parts = await setup();
    const { proxy } = parts;
    await using client = await openTunnel(proxy.port, `${HOST}:443`);
    // TLS_RSA_WITH_AES_128_CBC_SHA, as old clients have it.
    client.send(records(helloMessage({
      legacyVersion: version,
      cipherSuites: [0x002f, 0x000a],
      extensions: [serverNameExtension(HOST)],
    })));
    const entry = await proxy.log("tls-client-failed");
    assert.match(entry.message, /^TLS with the client failed for strict\.example:443: /);
    assert.match(entry.message, new RegExp(`the client offers ${name}; mitm speaks TLS 1\\.2 and 1\\.3`));
    await client.end();
    // RFC 8446, 6: an alert (21), fatal (2), if anything.
    const [type, , , , , level] = client.received;
    if (client.received !== "") assert.deepEqual([type, level], ["\x15", "\x02"]);
  });
}

Deno.test("rejected: a hello in small pieces is waited for, one that stops is given up, a damaged one is named", async () => {
  const whole = records(helloMessage({ extensions: [serverNameExtension(HOST)] }), [7]);
  await using parts = await setup({ tlsTimeout: 100 });
  const { proxy } = parts;
  await using stopping = await openTunnel(proxy.port, `${HOST}:443`);
  stopping.send(whole.subarray(0, 40));
  const late = await proxy.log("bad-client-hello");
  assert.equal(late.message, "the client's TLS hello cannot be read: it did not come in time");
  await stopping.end();

  proxy.logs.length = 0;
  await using leaving = await openTunnel(proxy.port, `${HOST}:443`);
  leaving.send(whole.subarray(0, 40));
  leaving.finish();
  const closed = await proxy.log("bad-client-hello");
  assert.equal(closed.message, "the client's TLS hello cannot be read: the client closed first");

  proxy.logs.length = 0;
  await using damaged = await openTunnel(proxy.port, `${HOST}:443`);
  damaged.send("\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00");
  const wrong = await proxy.log("bad-client-hello");
  assert.match(wrong.message, /cannot be read: the first handshake message is of type 2, not a ClientHello/);
  await damaged.end();

  proxy.logs.length = 0;
  await using endless = await openTunnel(proxy.port, `${HOST}:443`);
  endless.send("\x16\x03\x01\x00\x04\x01\xff\xff\xff");
  assert.match((await proxy.log("bad-client-hello")).message, /cannot be read: /);
  await endless.end();
});

Deno.test("rejected: what was dialed for a client that failed is closed, and said to be", async () => {
  await using parts = await setup();
  const { proxy, origin } = parts;
  const events: string[] = [];
  const closed = new Promise<void>((resolve) => {
    proxy.hooks.on("serverConnected", () => void events.push("connected"));
    proxy.hooks.on("serverDisconnected", (record) => {
      events.push("disconnected");
      assert.notEqual(record.endedAt, null);
      resolve();
    });
  });
  await rejectingClient(proxy);
  await soon(closed, "serverDisconnected");
  await (await origin.connection()).end();
  assert.deepEqual(events, ["connected", "disconnected"]);
});

Deno.test("rejected: what was dialed for a hello that never came is closed, and said to be", async () => {
  await using parts = await setup({ tlsTimeout: 50 });
  const { proxy } = parts;
  const closed = new Promise<void>((resolve) => proxy.hooks.on("serverDisconnected", () => resolve()));
  const socket = await tunnelSocket(proxy.port, `${HOST}:443`);
  socket.on("error", () => {});
  socket.write("\x16\x03\x01");
  await soon(closed, "serverDisconnected");
  socket.destroy();
});

Deno.test("rejected: what was dialed for a client that leaves a silent tunnel is closed, and said to be", async () => {
  await using origin = await startRawOrigin();
  await using proxy = await startProxy();
  const closed = new Promise<void>((resolve) => proxy.hooks.on("serverDisconnected", () => resolve()));
  await using client = await openTunnel(proxy.port, `127.0.0.1:${origin.port}`);
  await origin.connection();
  client.reset();
  await soon(closed, "serverDisconnected");
  await (await origin.connection()).end();
});
