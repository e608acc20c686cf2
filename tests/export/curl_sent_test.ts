// The command, run by a shell with curl: what an origin on the loopback gets is what the record says.

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { curlCommand } from "../../lib/export/curl_command.ts";
import type { HttpFlow } from "../../lib/flow/record.ts";
import { startNghttpd } from "../kit/nghttpd_origin.ts";
import { type RawOrigin, startRawOrigin } from "../kit/origins.ts";
import { peerTest } from "../kit/peers.ts";
import { testOriginAuthority } from "../kit/proxy_fixture.ts";
import {
  type HttpFlowParts,
  makeConnection,
  makeHttpFlow,
  makeTlsFacts,
  type RequestParts,
} from "../kit/records.ts";
import { fieldLines, target, token } from "../http1/arbitraries.ts";
import { readSentRequest, type SentRequest } from "./sent_request.ts";
import { runShell } from "./shell.ts";

const allBytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
/** What may stand in a target, but for "/" in front. */
const targetBytes = allBytes.replace(/[\0-\x20\x7f]/g, "");

const rows: (RequestParts & { name: string })[] = [
  { name: "GET", fields: [["Host", "HOST"], ["B", "1"], ["a", "it's"], ["b", ""], ["Accept", "*/*"]] },
  { name: "another Host", fields: [["host", "other.example"], ["User-Agent", "x\ty\xe9"]] },
  { name: "an empty Host", fields: [["Host", ""]] },
  { name: "HTTP/1.0", version: "HTTP/1.0", fields: [] },
  { name: "empty fields that curl has too", fields: [["Host", "HOST"], ["Accept", ""], ["user-agent", ""]] },
  { name: "HEAD", method: "HEAD" },
  { name: "another method", method: "!#$%&'*+-.^_`|~A" },
  { name: "POST without a body", method: "POST" },
  { name: "POST with no bytes", method: "POST", body: "" },
  { name: "GET with a body", body: "abc", fields: [["Host", "HOST"], ["Content-Type", "text/x"]] },
  { name: "HEAD-like method with a body", method: "HEADER", body: "abc" },
  { name: "a body that names a file", method: "POST", body: "@/etc/passwd" },
  { name: "every byte in a body", method: "PUT", body: allBytes },
  { name: "a body above what an argument takes", method: "POST", body: "a'".repeat(70_000) },
  { name: "more than a megabyte", method: "POST", body: allBytes.repeat(4200) },
  { name: "no bytes, chunked", method: "POST", body: "", framing: "chunked" },
  { name: "every byte, chunked", method: "POST", body: allBytes, framing: "chunked" },
  { name: "a large body, chunked", method: "PATCH", body: allBytes.repeat(4200), framing: "chunked" },
  { name: "codings", fields: [["Host", "HOST"], ["Accept-Encoding", "gzip, br;q=0.5"], ["Accept", "a"]] },
  { name: "a WebSocket", fields: [["Host", "HOST"], ["Connection", "Upgrade"], ["Upgrade", "websocket"]] },
  { name: "every byte in a path", path: `/${targetBytes}` },
  { name: "every ASCII character in a path", path: `/${targetBytes.replace(/[#\x80-\xff]/g, "")}` },
  { name: "dot segments", path: "/a/../b/./c/%2e%2E/..?/../x=/./" },
  { name: "dots at the end", path: "/a/.." },
  { name: "globs", path: "/{a,b}[1-3]?a[]=\\[" },
  { name: "a path that looks like a host", path: "//evil.example/@x" },
  { name: "OPTIONS *", method: "OPTIONS", path: "*", targetForm: "asterisk" },
  { name: "CONNECT", method: "CONNECT", target: "a.example:1", targetForm: "authority", path: "" },
];

for (const { name, ...request } of rows) {
  peerTest(["curl", "sh"], `curl sends: ${name}`, async () => {
    await using origin = await startAnsweringOrigin();
    await assertSent(origin, makeRequest(request, origin.port));
  });
}

peerTest(["curl", "sh"], "curl sends: to an IPv4 address, and over TLS", async () => {
  await using origin = await startAnsweringOrigin({ names: ["127.0.0.1"], alpn: ["h2", "http/1.1"] });
  const parts = { scheme: "https", host: "127.0.0.1" };
  const refused = await runShell("sh", curlCommand(makeRequest({}, origin.port, parts)));
  assert.equal(refused.code, 60, "its certificate is not known to curl");
  const server = makeConnection({ tls: makeTlsFacts({ verifyError: "self-signed" }) });
  await assertSent(origin, makeRequest({ method: "PUT", body: "a" }, origin.port, { ...parts, server }));
});

peerTest(["curl", "sh"], "curl sends: any request", async () => {
  await using origin = await startAnsweringOrigin();
  const requests: fc.Arbitrary<RequestParts> = fc.record({
    method: token.filter((method) => method !== "HEAD" && method !== "CONNECT"),
    path: target,
    fields: fieldLines.map((lines) => [["Host", "HOST"] as const, ...lines]),
    body: fc.oneof(fc.string({ maxLength: 40 }).map(ascii), fc.uint8Array({ maxLength: 200 })),
    framing: fc.constantFrom("length" as const, "chunked" as const),
  });
  const property = fc.asyncProperty(requests, async (request) => {
    await assertSent(origin, makeRequest(request, origin.port));
  });
  await fc.assert(property, { numRuns: 40 });
});

const http2Rows: (RequestParts & { name: string })[] = [
  { name: "GET", path: "/a?b=[c]", fields: [["accept", "*/*"], ["cookie", "a=1"], ["cookie", "b=2"]] },
  { name: "another authority", authority: "other.example:1", fields: [["x", ""]] },
  {
    name: "trailers and a body",
    method: "PUT",
    body: "abc",
    fields: [["te", "trailers"]],
    trailers: [["a", "1"]],
  },
];

for (const scheme of ["http", "https"] as const) {
  for (const { name, ...request } of http2Rows) {
    peerTest(["curl", "sh", "nghttpd"], `curl sends over HTTP/2, ${scheme}: ${name}`, async () => {
      await using origin = await startNghttpd({ scheme, files: {} });
      const parts = { authority: `localhost:${origin.port}`, framing: "none" as const, ...request };
      const flow = makeRequest({ version: "HTTP/2.0", ...parts }, origin.port, { scheme });
      const ca = await Deno.makeTempFile();
      await Deno.writeTextFile(ca, (await testOriginAuthority()).certificatePem);
      const { code, stderr } = await runShell("sh", curlCommand(flow), { CURL_CA_BUNDLE: ca });
      await Deno.remove(ca);
      assert.equal(code, 0, stderr);
      const log = await origin.until(/END_STREAM[\s\S]*END_STREAM/);
      const { method, path, fields } = flow.request.head;
      assert.deepEqual(receivedFields(log), [
        `:method: ${method}`,
        `:path: ${path}`,
        `:scheme: ${scheme}`,
        `:authority: ${parts.authority}`,
        ...[...fields].map(([name, value]) => `${name}: ${value}`.trimEnd()),
        ...(request.body === undefined ? [] : [`content-length: ${request.body.length}`]),
      ]);
    });
  }
}

/** nghttpd names the fields of each request, in order. */
function receivedFields(log: string): string[] {
  // deno-lint-ignore no-control-regex
  const plain = log.replace(/\x1b\[[0-9;]*m/g, "");
  return Array.from(
    plain.matchAll(/recv \(stream_id=\d+(?:, sensitive)?\) (.*)/g),
    ([, field]) => field!.trimEnd(),
  );
}

/** "HOST" stands for the origin's host and port. */
function makeRequest(request: RequestParts, port: number, parts: HttpFlowParts = {}): HttpFlow {
  const host = parts.host ?? "localhost";
  const fields = (request.fields ?? [["Host", "HOST"]])
    .map(([name, value]) => [name, value === "HOST" ? `${host}:${port}` : value] as const);
  const { framing = request.body === undefined ? "none" : "length" } = request;
  if (framing === "chunked") fields.push(["Transfer-Encoding", "chunked"]);
  if (framing === "length") fields.push(["Content-Length", String(request.body?.length)]);
  return makeHttpFlow({ host, port, ...parts, request: { ...request, framing, fields } });
}

/** Runs the command and compares. */
async function assertSent(origin: RawOrigin, flow: HttpFlow): Promise<void> {
  const before = origin.connections.length;
  const command = curlCommand(flow);
  const { code, stderr } = await runShell("sh", command);
  assert.equal(code, 0, `${command}\n${stderr}`);
  assert.equal(origin.connections.length, before + 1, "one connection, one request");
  const { received } = await origin.connection(before);
  const sent = readSentRequest(received);
  assert.ok(sent !== null, received);
  const { head, body } = flow.request;
  const { startLine, lines, body: sentBody } = sent;
  assert.equal(sentBody, latin1Decode(body.bytes()));
  const target = head.targetForm === "authority" ? head.target : head.path;
  assert.equal(startLine, `${head.method} ${target} ${head.version}`);
  assert.deepEqual(withoutLength(lines), withoutLength(recordedLines(flow)));
  if (head.framing === "length") assert.ok(lines.includes(`Content-Length: ${body.length}`));
}

/** curl puts Host first, spells it so, and has Content-Length where it wants. */
function recordedLines(flow: HttpFlow): string[] {
  const lines = Array.from(flow.request.head.fields, ([name, value]) => `${name}: ${value}`.trimEnd());
  const host = lines.findIndex((line) => /^host:/i.test(line));
  return host < 0 ? lines : [lines[host]!.replace(/^host/i, "Host"), ...lines.toSpliced(host, 1)];
}

function withoutLength(lines: readonly string[]): string[] {
  return lines.filter((line) => !/^content-length:/i.test(line)).map((line) => line.trimEnd());
}

/** Answers each request once it is complete. */
function startAnsweringOrigin(tls?: { names: string[]; alpn: string[] }): Promise<RawOrigin> {
  return startRawOrigin({
    ...(tls === undefined ? {} : { tls }),
    onConnection: (connection) => {
      let sent: SentRequest | null = null;
      connection.socket.on("data", () => {
        if (sent !== null) return;
        sent = readSentRequest(connection.received);
        if (sent === null) return;
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        connection.finish();
      });
    },
  });
}

function ascii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, "?");
}
