// The certificate a client is shown: for the name it asks for, the host of its CONNECT, and the names of the origin's.

import assert from "node:assert/strict";
import { startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { get, startTlsOrigin } from "./tls_origins.ts";
import { connectTls, openTlsTunnel } from "./tunnel_clients.ts";

async function origin(names: string[]) {
  const authority = await testOriginAuthority();
  const { certificatePem, keyPem } = await authority.leafFor({ host: names[0]!, extraNames: names.slice(1) });
  return await startTlsOrigin({ cert: certificatePem, key: keyPem });
}

const rows: [
  why: string,
  serverName: string | null,
  host: string,
  originNames: string[],
  wanted: string[],
][] = [
  ["one name", "a.example", "a.example", ["a.example"], ["DNS:a.example"]],
  [
    "another name in CONNECT",
    "a.example",
    "b.example",
    ["a.example"],
    ["DNS:a.example", "DNS:b.example"],
  ],
  [
    "the origin's other names",
    "a.example",
    "a.example",
    ["a.example", "www.a.example", "*.cdn.example"],
    ["DNS:*.cdn.example", "DNS:a.example", "DNS:www.a.example"],
  ],
  [
    "all three",
    "a.example",
    "b.example",
    ["a.example", "c.example", "192.0.2.7"],
    ["DNS:a.example", "DNS:b.example", "DNS:c.example", "IP Address:192.0.2.7"],
  ],
  ["no server name", null, "a.example", ["a.example"], ["DNS:a.example"]],
  ["an address, no server name", null, "127.0.0.1", ["127.0.0.1"], ["IP Address:127.0.0.1"]],
  [
    "an address and a name",
    "a.example",
    "127.0.0.1",
    ["a.example"],
    ["DNS:a.example", "IP Address:127.0.0.1"],
  ],
  ["case", "A.Example", "a.EXAMPLE", ["a.example"], ["DNS:a.example"]],
];

for (const [why, serverName, host, originNames, wanted] of rows) {
  Deno.test(`leaf names: ${why}`, async () => {
    await using server = await origin(originNames);
    const port = host === "127.0.0.1" ? server.port : 443;
    await using proxy = await startProxy({
      resolve: [{ host, port: 443, address: "127.0.0.1", toPort: server.port }],
    });
    await using client = await openTlsTunnel(proxy.port, `${host}:${port}`, {
      serverName,
      ca: proxy.authority.certificatePem,
      // No name to be found in the certificate: what counts here is who signed it, and what it names.
      more: { checkServerIdentity: () => undefined },
    });
    assert.equal(client.session.authorized, true);
    assert.deepEqual(client.altNames, wanted);
    assert.equal((await get(client)).status, 200);
    const facts = (await proxy.http()).client.tls;
    assert.equal(facts?.serverName, serverName);
    assert.deepEqual([...facts!.certificate!.altNames].sort(), wanted);
    assert.equal(facts?.certificate?.fingerprint, client.fingerprint);
  });
}

Deno.test("leaf names: the certificate of an origin that failed is still for the name that was asked for", async () => {
  await using proxy = await startProxy({
    resolve: [{ host: "a.example", port: 443, address: "127.0.0.1", toPort: 1 }],
  });
  await assert.rejects(
    openTlsTunnel(proxy.port, "a.example:443", { serverName: "a.example", ca: null }),
    /^Error: HTTP\/1\.1 502 /,
    "nobody there: said in answer to CONNECT",
  );
});

Deno.test("leaf names: TLS to the proxy itself is for the name that was asked for, and its address", async () => {
  await using proxy = await startProxy();
  await using client = await connectTls(proxy.port, {
    serverName: "my-proxy.example",
    ca: proxy.authority.certificatePem,
  });
  assert.deepEqual(client.altNames, ["DNS:my-proxy.example", "IP Address:127.0.0.1"]);
  await using nameless = await connectTls(proxy.port, { serverName: null, ca: null });
  assert.deepEqual(nameless.altNames, ["IP Address:127.0.0.1"]);
});

Deno.test("leaf names: one name is asked for again: the same certificate", async () => {
  await using server = await origin(["a.example"]);
  await using proxy = await startProxy({
    resolve: [{ host: "a.example", port: 443, address: "127.0.0.1", toPort: server.port }],
  });
  const open = () =>
    openTlsTunnel(proxy.port, "a.example:443", {
      serverName: "a.example",
      ca: proxy.authority.certificatePem,
    });
  const clients = await Promise.all([open(), open(), open()]);
  assert.equal(new Set(clients.map(({ fingerprint }) => fingerprint)).size, 1);
  for (const client of clients) await client[Symbol.asyncDispose]();
});
