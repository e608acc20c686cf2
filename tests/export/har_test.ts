import assert from "node:assert/strict";
import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { harArchive, harText } from "../../lib/export/har.ts";
import { rawRequest, rawResponse } from "../../lib/export/raw_messages.ts";
import type { Flow } from "../../lib/flow/record.ts";
import {
  makeConnection,
  makeFlowError,
  makeHttpFlow,
  makeTcpFlow,
  makeWebSocket,
  makeWebSocketMessage,
  START,
} from "../kit/records.ts";
import { anyFlow } from "./arbitraries.ts";

const startedDateTime = new Date(START).toISOString();
const server = makeConnection({
  id: 2,
  remote: { host: "93.184.216.34", port: 443 },
  startedAt: START + 3,
  connectedAt: START + 6.5,
  tlsAt: START + 10,
});

Deno.test("har: one exchange, all of it", () => {
  const flow = makeHttpFlow({
    scheme: "https",
    server,
    request: {
      method: "POST",
      path: "/a/b?x=1&y=%C3%A4+b&z",
      fields: [
        ["Host", "example.com"],
        ["Content-Type", "application/x-www-form-urlencoded"],
        ["Cookie", "a=1; b=x=y"],
        ["Content-Length", "9"],
      ],
      body: "k=v+w&%7E",
    },
    response: {
      status: 302,
      reason: "Found",
      fields: [
        ["Content-Type", "text/html; charset=utf-8"],
        ["Set-Cookie", "s=1; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Lax"],
        ["Location", "/next"],
        ["Content-Encoding", "gzip"],
        ["Content-Length", "26"],
      ],
      body: gzipSync("<p>näh</p>".repeat(20)),
    },
    took: 100,
  });
  const compressed = flow.response!.body.length;
  assert.deepEqual(harArchive([flow], "1.2.3"), {
    log: {
      version: "1.2",
      creator: { name: "mitm", version: "1.2.3" },
      pages: [],
      entries: [{
        startedDateTime,
        time: 100,
        request: {
          method: "POST",
          url: "https://example.com/a/b?x=1&y=%C3%A4+b&z",
          httpVersion: "HTTP/1.1",
          cookies: [{ name: "a", value: "1" }, { name: "b", value: "x=y" }],
          headers: [
            { name: "Host", value: "example.com" },
            { name: "Content-Type", value: "application/x-www-form-urlencoded" },
            { name: "Cookie", value: "a=1; b=x=y" },
            { name: "Content-Length", value: "9" },
          ],
          queryString: [{ name: "x", value: "1" }, { name: "y", value: "ä b" }, { name: "z", value: "" }],
          postData: {
            mimeType: "application/x-www-form-urlencoded",
            params: [{ name: "k", value: "v w" }, { name: "~", value: "" }],
            text: "k=v+w&%7E",
          },
          headersSize: rawRequest(flow).length - 9,
          bodySize: 9,
        },
        response: {
          status: 302,
          statusText: "Found",
          httpVersion: "HTTP/1.1",
          cookies: [{
            name: "s",
            value: "1",
            path: "/",
            domain: "example.com",
            secure: true,
            httpOnly: true,
            sameSite: "Lax",
          }],
          headers: Array.from(flow.response!.head.fields, ([name, value]) => ({ name, value })),
          content: {
            size: 220,
            compression: 220 - compressed,
            mimeType: "text/html; charset=utf-8",
            text: "<p>näh</p>".repeat(20),
          },
          redirectURL: "/next",
          headersSize: rawResponse(flow).length - compressed,
          bodySize: compressed,
        },
        cache: {},
        timings: { blocked: 3, dns: -1, connect: 7, ssl: 3.5, send: 0, wait: 10, receive: 80 },
        serverIPAddress: "93.184.216.34",
        connection: "2",
      }],
    },
  });
});

interface Entry {
  request: Record<string, unknown>;
  response: Record<string, unknown>;
  [key: string]: unknown;
}

function entriesOf(...flows: Flow[]): Entry[] {
  return (harArchive(flows, "") as { log: { entries: Entry[] } }).log.entries;
}

function entryOf(flow: Flow): Entry {
  return entriesOf(flow)[0]!;
}

Deno.test("har: no response", () => {
  const { response } = entryOf(
    makeHttpFlow({ response: null, error: makeFlowError({ message: "connection refused" }) }),
  );
  assert.deepEqual(response, {
    status: 0,
    statusText: "",
    httpVersion: "",
    cookies: [],
    headers: [],
    content: { size: 0, mimeType: "" },
    redirectURL: "",
    headersSize: -1,
    bodySize: -1,
    _transferSize: 0,
    _error: "connection refused",
  });
  assert.equal(entryOf(makeHttpFlow({ response: null, took: null })).response["_error"], undefined);
});

Deno.test("har: a response that broke off has an error too", () => {
  const { response } = entryOf(
    makeHttpFlow({ error: makeFlowError({ message: "reset" }), response: { body: "ab" } }),
  );
  assert.deepEqual([response["status"], response["_error"]], [200, "reset"]);
});

Deno.test("har: HTTP/2", () => {
  const { request, response } = entryOf(makeHttpFlow({
    request: { version: "HTTP/2.0", fields: [["accept", "*/*"]] },
    response: { version: "HTTP/2.0", reason: "", trailers: [["grpc-status", "0"]] },
  }));
  assert.deepEqual([request["httpVersion"], request["headersSize"]], ["HTTP/2.0", -1]);
  assert.deepEqual(request["headers"], [{ name: "accept", value: "*/*" }]);
  assert.deepEqual([response["statusText"], response["headersSize"]], ["", -1]);
  assert.deepEqual(response["_trailers"], [{ name: "grpc-status", value: "0" }]);
});

const urls: { name: string; url: string; flow: Flow }[] = [
  { name: "CONNECT", url: "https://a.example:8443/", flow: connect("a.example:8443") },
  {
    name: "bytes that are no ASCII",
    url: "http://example.com/%C3%A4%FF",
    flow: makeHttpFlow({ request: { path: "/\xc3\xa4\xff" } }),
  },
  {
    name: "an IPv6 address",
    url: "http://[::1]:81/",
    flow: makeHttpFlow({ host: "::1", port: 81 }),
  },
];

for (const { name, url, flow } of urls) {
  Deno.test(`har: the URL: ${name}`, () => assert.equal(entryOf(flow).request["url"], url));
}

function connect(target: string): Flow {
  return makeHttpFlow({
    request: { method: "CONNECT", target, authority: target, targetForm: "authority", path: "" },
  });
}

Deno.test("har: names and values that are UTF-8, and that are not", () => {
  const { request } = entryOf(makeHttpFlow({
    request: { path: "/?\xc3\xa4=%C3%A4%FF&%e4=b=c&&=", fields: [["a", "\xc3\xa4"], ["b", "\xe4"]] },
  }));
  assert.deepEqual(request["headers"], [{ name: "a", value: "ä" }, { name: "b", value: "ä" }]);
  assert.deepEqual(request["queryString"], [
    { name: "ä", value: "Ã¤ÿ" },
    { name: "ä", value: "b=c" },
    { name: "", value: "" },
  ]);
});

Deno.test("har: a body of any method is there, and binary ones in base64", () => {
  const { request } = entryOf(makeHttpFlow({
    request: { method: "DELETE", body: "\xff\0", fields: [["Content-Type", "image/png"]] },
  }));
  assert.deepEqual(request["postData"], {
    mimeType: "image/png",
    params: [],
    text: "/wA=",
    encoding: "base64",
  });
  assert.equal(entryOf(makeHttpFlow({ request: { method: "POST" } })).request["postData"], undefined);
});

Deno.test("har: a request's content coding is taken off", () => {
  const { request } = entryOf(makeHttpFlow({
    request: { method: "PUT", body: brotliCompressSync("{}"), fields: [["Content-Encoding", "br"]] },
  }));
  assert.deepEqual(request["postData"], { mimeType: "", params: [], text: "{}" });
});

Deno.test("har: WebSocket messages in Chrome's form", () => {
  const websocket = makeWebSocket({
    messages: [
      makeWebSocketMessage({ body: "hell\xc3\xb6" }),
      makeWebSocketMessage({ type: "ping" }),
      makeWebSocketMessage({ type: "binary", fromClient: false, body: "\xff\0", at: START + 250.5 }),
      makeWebSocketMessage({ body: "cut\xc3\xb6", capture: 4 }),
    ],
  });
  const entry = entryOf(makeHttpFlow({ websocket, response: { status: 101 } }));
  assert.equal(entry["_resourceType"], "websocket");
  assert.deepEqual(entry["_webSocketMessages"], [
    { type: "send", time: (START + 9) / 1000, opcode: 1, data: "hellö" },
    { type: "receive", time: (START + 250.5) / 1000, opcode: 2, data: "/wA=" },
    { type: "send", time: (START + 9) / 1000, opcode: 1, data: "cut\ufffd" },
  ]);
});

Deno.test("har: connecting counts for the first exchange on a connection", () => {
  const shared = makeConnection({ ...server });
  const other = makeConnection({ ...server });
  const timings = entriesOf(
    makeHttpFlow({ server: shared }),
    makeTcpFlow({ server: other }),
    makeHttpFlow({ server: shared }),
    makeHttpFlow({ server: other }),
    makeHttpFlow({ server: null }),
  ).map((entry) => (entry["timings"] as { connect: number }).connect);
  assert.deepEqual(timings, [7, -1, 7, -1]);
});

Deno.test("har: the text is the archive, an entry a line, and TCP is left out", () => {
  const flows = [makeHttpFlow(), makeTcpFlow(), makeHttpFlow({ response: { body: "a\nb\u2028" } })];
  const text = [...harText(flows, "1")].join("");
  assert.deepEqual(JSON.parse(text), harArchive(flows, "1"));
  assert.equal(text.split("\n").length, 5);
  assert.deepEqual(JSON.parse([...harText([], "1")].join("")), harArchive([], "1"));
});

Deno.test("har: entries are made as they are asked for", () => {
  let made = 0;
  function* endless(): Generator<Flow> {
    for (;;) {
      made++;
      yield makeHttpFlow();
    }
  }
  const pieces = harText(endless(), "1");
  for (let count = 0; count < 10; count++) pieces.next();
  pieces.return(undefined);
  assert.equal(made, 9);
});

Deno.test("har: valid JSON for any record, with all that HAR demands", () => {
  fc.assert(fc.property(fc.array(anyFlow, { maxLength: 3 }), (flows) => {
    const archive = JSON.parse([...harText(flows, "1")].join("")) as { log: { entries: Entry[] } };
    assert.deepEqual(archive, harArchive(flows, "1"));
    for (const { time, timings, request, response } of archive.log.entries) {
      const { ssl: _ssl, ...parts } = timings as Record<string, number>;
      const sum = Object.values(parts).reduce((total, part) => total + Math.max(0, part), 0);
      assert.ok(Math.abs(sum - (time as number)) < 0.01, "time is the sum of the timings");
      assert.match(String(request["url"]), /^[!-~]*$/);
      for (const message of [request, response]) {
        for (const list of ["headers", "cookies"]) assert.ok(Array.isArray(message[list]), list);
        for (const size of ["headersSize", "bodySize"]) assert.ok(Number.isInteger(message[size]), size);
      }
    }
  }));
});
