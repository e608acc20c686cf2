// Replays over TLS, and in HTTP/2: the version of the head where the origin takes it; the name, trust and certificates as
// for any client.

import assert from "node:assert/strict";
import type tls from "node:tls";
import type { HttpFlow } from "../../lib/flow/record.ts";
import { Fields } from "../../lib/http/fields.ts";
import { CODE, data, headers, resetStream, TYPE } from "../kit/http2_frames.ts";
import { Http2Wire, startHttp2Origin } from "../kit/http2_wire.ts";
import { startRawOrigin } from "../kit/origins.ts";
import { startProxy, testOriginAuthority } from "../kit/proxy_fixture.ts";
import { onRequest } from "../kit/raw_client.ts";
import { text } from "./hooks_holding.ts";
import { bodyOf, HeadReader, requestFields } from "./http2_clients.ts";
import { recorded, requestOf, requestTo } from "./replay_flows.ts";
import { makeCertificate, makeIssuer, startTlsOrigin } from "./tls_origins.ts";
import { openTlsTunnel } from "./tunnel_clients.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const H2 = { version: "HTTP/2.0", scheme: "https" } as const;
const isReplayed = (flow: HttpFlow) => flow.replayed;

function toOrigin(port: number, method: string, body = "", fields: [string, string][] = []) {
  return { ...requestTo(port, method, "/a", fields, body, H2), scheme: "https" as const };
}

Deno.test("replay h2: the origin gets the header list that it got the first time", async () => {
  await using origin = await startHttp2Origin({ scheme: "https" });
  const host = "localhost";
  await using proxy = await startProxy({
    resolve: [{ host, port: 443, address: "127.0.0.1", toPort: origin.port }],
  });
  await using client = await openTlsTunnel(proxy.port, `${host}:443`, {
    serverName: host,
    ca: proxy.authority.certificatePem,
    alpn: ["h2"],
  });
  client.socket.removeAllListeners("data");
  const wire = new Http2Wire(client.socket, "client");
  const more = [["x-odd", "a  b"], ["cookie", "a=1"], ["cookie", "b=2"], ["te", "trailers"]] as const;
  wire.send(
    headers(1, requestFields("POST", `https://${host}/a?b`, ...more)),
    data(1, "body"),
    headers(1, [["x-sum", "1"]], { end: true }),
  );
  const answered: [unknown, unknown, string][] = [];
  for (const index of [0, 1]) {
    const server = await origin.connection(index);
    await server.over(1);
    const heads = new HeadReader();
    const lists = [await server.headers(1), await server.headers(1, 1)].map((
      frame,
    ) => [...heads.read(frame)]);
    answered.push([lists[0], lists[1], bodyOf(server, 1)]);
    server.send(headers(1, [[":status", "200"]]), data(1, "ok", { end: true }));
    if (index > 0) break;
    const flow = await proxy.http();
    assert.equal(proxy.proxy.replayRequest(requestOf(flow)), null);
  }
  assert.deepEqual(answered[1], answered[0]);
  const [flow, again] = [await proxy.http(), await proxy.http(isReplayed)];
  assert.deepEqual(recorded(again.request.head), recorded(flow.request.head));
  assert.deepEqual([...again.request.trailers ?? []], [["x-sum", "1"]]);
  assert.deepEqual([again.response?.head.version, text(again.response!.body.bytes())], ["HTTP/2.0", "ok"]);
  assert.deepEqual([again.server?.tls?.alpn, again.server?.tls?.serverName], ["h2", host]);
  assert.equal(again.error, null);
});

Deno.test("replay h2: an origin that speaks HTTP/1 only gets it in HTTP/1, and a head of HTTP/1 stays that", async () => {
  const hello = onRequest((connection) => connection.send(OK));
  for (const alpn of [["http/1.1"], ["h2", "http/1.1"]]) {
    await using origin = await startRawOrigin({ tls: { names: ["127.0.0.1"], alpn }, ...hello });
    await using proxy = await startProxy();
    const isHttp2 = alpn.length === 1;
    const request = isHttp2
      ? toOrigin(origin.port, "POST", "body")
      : { ...requestTo(origin.port, "GET", "/a"), scheme: "https" as const };
    proxy.proxy.replayRequest(request);
    const flow = await proxy.http();
    assert.deepEqual([flow.request.head.version, flow.response?.head.version, flow.error], [
      isHttp2 ? "HTTP/2.0" : "HTTP/1.1",
      "HTTP/1.1",
      null,
    ]);
    assert.deepEqual(flow.server?.tls?.alpnOffers, isHttp2 ? ["h2", "http/1.1"] : ["http/1.1"]);
    assert.match(
      origin.connections[0]?.received ?? "",
      isHttp2 ? /^POST \/a HTTP\/1\.1\r\n[^]*chunked[^]*body/ : /^GET \/a HTTP\/1\.1\r\n/,
    );
  }
});

Deno.test("replay h2: a refused stream is asked for again, a reset is recorded as what it was", async () => {
  await using origin = await startHttp2Origin({ scheme: "https" });
  await using proxy = await startProxy();
  proxy.proxy.replayRequest(toOrigin(origin.port, "POST", "body"));
  const server = await origin.connection();
  await server.over(1);
  server.send(resetStream(1, CODE.REFUSED_STREAM));
  await server.over(3);
  assert.equal(bodyOf(server, 3), "body");
  server.send(resetStream(3, CODE.INTERNAL_ERROR));
  const flow = await proxy.http();
  assert.deepEqual([flow.notes, flow.error?.code, flow.response], [
    ["sent again: the server refused the stream"],
    "INTERNAL_ERROR",
    null,
  ]);
});

Deno.test("replay h2: an answer that needs no more of the request ends it", async () => {
  await using origin = await startHttp2Origin({ scheme: "https" });
  await using proxy = await startProxy();
  const request = toOrigin(origin.port, "POST");
  proxy.proxy.replayRequest({ ...request, body: new Uint8Array(1024 * 1024) });
  const server = await origin.connection();
  await server.frame(({ type, stream }) => type === TYPE.DATA && stream === 1);
  server.send(headers(1, [[":status", "413"]], { end: true }), resetStream(1, CODE.NO_ERROR));
  const flow = await proxy.http();
  assert.deepEqual([flow.response?.head.status, flow.error, flow.request.endedAt], [413, null, null]);
  assert.equal(proxy.proxy.replays, 0);
});

Deno.test("replay h2: one killed is cancelled at its origin, by the end of its connection", async () => {
  await using origin = await startHttp2Origin({ scheme: "https" });
  await using proxy = await startProxy();
  proxy.hooks.on("responseHead", (_flow, control) => control.kill());
  proxy.proxy.replayRequest(toOrigin(origin.port, "GET"));
  const server = await origin.connection();
  await server.over(1);
  server.send(headers(1, [[":status", "200"]]));
  assert.equal((await proxy.http()).error?.code, "killed");
  await server.closed();
});

Deno.test("replay: a certificate that cannot be verified is a flow with the error, or passes with --insecure", async () => {
  const { cert, key } = await makeCertificate({ names: ["127.0.0.1"] });
  await using origin = await startTlsOrigin({ cert, key });
  const request = { ...requestTo(origin.port, "GET", "/"), scheme: "https" as const };
  {
    await using proxy = await startProxy();
    proxy.proxy.replayRequest(request);
    const { error } = await proxy.http();
    assert.equal(error?.code, "tls-verification");
    assert.match(error.message, /self-signed.*--insecure/);
  }
  await using proxy = await startProxy({ insecure: true });
  proxy.proxy.replayRequest(request);
  const flow = await proxy.http();
  assert.deepEqual([flow.response?.head.status, flow.error], [200, null]);
  assert.match(flow.server?.tls?.verifyError ?? "", /SELF_SIGNED/);
});

Deno.test("replay: an address is asked for by the name that its client has used", async () => {
  const { certificatePem: cert, keyPem: key } = await (await testOriginAuthority()).leafFor({
    host: "named.example",
    extraNames: [],
  });
  const names: unknown[] = [];
  await using origin = await startTlsOrigin({ cert, key }, (connection, session) => {
    names.push(Reflect.get(session as tls.TLSSocket, "servername"));
    void connection.until("\r\n\r\n").then(() => connection.send(OK), () => {});
  });
  await using proxy = await startProxy();
  const request = requestTo(origin.port, "GET", "/", [], "", { authority: "named.example" });
  request.head.fields = Fields.of(["Host", "named.example"]);
  proxy.proxy.replayRequest({ ...request, scheme: "https" });
  assert.equal((await proxy.http()).error, null);
  assert.deepEqual(names, ["named.example"]);
});

Deno.test("replay: an origin that demands a certificate gets the one of --client-cert", async () => {
  const issuer = await makeIssuer("Clients of the origin");
  const client = await makeCertificate({ names: ["me"], issuer, usage: "client" });
  const leaf = await (await testOriginAuthority()).leafFor({ host: "127.0.0.1", extraNames: [] });
  await using origin = await startTlsOrigin({
    cert: leaf.certificatePem,
    key: leaf.keyPem,
    ca: issuer.certificate.toString("pem"),
    requestCert: true,
    rejectUnauthorized: true,
  });
  const file = await Deno.makeTempFile({ suffix: ".pem" });
  try {
    await Deno.writeTextFile(file, client.key + client.cert);
    await using proxy = await startProxy({ clientCertificate: file });
    proxy.proxy.replayRequest({ ...requestTo(origin.port, "GET", "/"), scheme: "https" });
    const flow = await proxy.http();
    assert.deepEqual([flow.response?.head.status, flow.error], [200, null]);
  } finally {
    await Deno.remove(file);
  }
});
