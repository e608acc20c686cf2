// http://mitm.it/ through the proxy: the page and the certificate, for a browser and for programs.

import assert from "node:assert/strict";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { startDenoOrigin } from "../interop/deno_origin.ts";
import { curl } from "../kit/curl.ts";
import { peer, peerTest } from "../kit/peers.ts";
import { type ProxyFixture, startProxy } from "../kit/proxy_fixture.ts";
import { connectClient } from "../kit/raw_client.ts";

async function ask(proxy: ProxyFixture, request: string) {
  await using client = await connectClient(proxy.port);
  client.send(request);
  const response = await client.response(request.split(" ")[0]);
  assert.equal(client.rest, "");
  return response;
}

const absolute = (method: string, path: string, host = "mitm.it") =>
  `${method} http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

Deno.test("the page says how to trust the CA, and links to both files", async () => {
  await using proxy = await startProxy();
  for (const host of ["mitm.it", "MITM.it", "mitm.it:80"]) {
    const { status, head, body } = await ask(proxy, absolute("GET", "/", host));
    assert.equal(status, 200);
    assert.match(head, /\r\nContent-Type: text\/html; charset=utf-8/);
    assert.match(body, /href="\/cert\/pem"/);
    assert.match(body, /href="\/cert\/cer"/);
  }
});

Deno.test("a browser that speaks to the proxy's own address gets the page, too", async () => {
  await using proxy = await startProxy();
  const own = `127.0.0.1:${proxy.port}`;
  const { status, body } = await ask(proxy, `GET / HTTP/1.1\r\nHost: ${own}\r\n\r\n`);
  assert.equal(status, 200);
  assert.match(body, /href="\/cert\/pem"/);
});

Deno.test("the files are the CA's certificate, in PEM and DER", async () => {
  await using proxy = await startProxy();
  const pem = await ask(proxy, absolute("GET", "/cert/pem"));
  assert.equal(pem.status, 200);
  assert.match(pem.head, /\r\nContent-Type: application\/x-x509-ca-cert\r\n/);
  assert.match(pem.head, /filename="mitm-ca-cert\.pem"/);
  assert.equal(pem.body, await Deno.readTextFile(proxy.caFile));
  const der = await ask(proxy, absolute("GET", "/cert/cer"));
  assert.match(der.head, /filename="mitm-ca-cert\.cer"/);
  assert.deepEqual(latin1Encode(der.body), proxy.authority.certificateDer);
});

Deno.test("HEAD has the heads of GET and no bodies", async () => {
  await using proxy = await startProxy();
  for (const path of ["/", "/cert/pem", "/cert/cer", "/missing"]) {
    const get = await ask(proxy, absolute("GET", path));
    const head = await ask(proxy, absolute("HEAD", path));
    assert.equal(head.head, get.head);
    assert.equal(head.body, "");
  }
});

Deno.test("anything else there is 404, other methods are 405, bodies are taken", async () => {
  await using proxy = await startProxy();
  assert.equal((await ask(proxy, absolute("GET", "/missing"))).status, 404);
  assert.equal((await ask(proxy, absolute("GET", "/cert/pemx"))).status, 404);
  assert.equal((await ask(proxy, absolute("DELETE", "/"))).status, 405);
  await using client = await connectClient(proxy.port);
  client.send(
    "POST http://mitm.it/ HTTP/1.1\r\nHost: mitm.it\r\nContent-Length: 5\r\n\r\nhello" +
      absolute("GET", "/cert/pem"),
  );
  assert.equal((await client.response()).status, 405);
  assert.equal((await client.response()).body, proxy.authority.certificatePem);
});

Deno.test("the record says that no origin was asked", async () => {
  await using proxy = await startProxy();
  await ask(proxy, absolute("GET", "/cert/pem"));
  const flow = await proxy.http();
  assert.deepEqual([flow.answered, flow.server, flow.error, flow.host], [true, null, null, "mitm.it"]);
  assert.equal(flow.response?.body.length, proxy.authority.certificatePem.length);
});

peerTest(
  ["curl", "openssl"],
  "curl fetches the certificate, openssl reads it, and curl trusts by it",
  async () => {
    await using proxy = await startProxy();
    const folder = await Deno.makeTempDir({ prefix: "mitm-ca-page-" });
    try {
      for (const [path, form] of [["/cert/pem", "PEM"], ["/cert/cer", "DER"]] as const) {
        const { code, head, body } = await curl({ args: ["--proxy", proxy.url, `http://mitm.it${path}`] });
        assert.deepEqual([code, head.split("\r\n")[0]], [0, "HTTP/1.1 200 OK"]);
        await Deno.writeFile(`${folder}/ca.${form}`, body);
        const { success, stdout, stderr } = await new Deno.Command(peer("openssl")!, {
          args: [
            ...["x509", "-inform", form, "-in", `${folder}/ca.${form}`],
            ...["-noout", "-fingerprint", "-sha256", "-text"],
          ],
        }).output();
        assert.ok(success, latin1Decode(stderr));
        const text = latin1Decode(stdout);
        assert.ok(text.includes(`Fingerprint=${proxy.authority.facts.fingerprint}`), text);
        assert.match(text, /CA:TRUE/);
      }
      await using origin = await startDenoOrigin("https");
      const { code, messages } = await curl({
        args: [
          "--proxy",
          proxy.url,
          "--cacert",
          `${folder}/ca.PEM`,
          `https://localhost:${origin.port}/nothing`,
        ],
      });
      assert.equal(code, 0, messages);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
