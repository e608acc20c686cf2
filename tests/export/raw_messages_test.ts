import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { headSize, rawMessages, rawRequest, rawResponse } from "../../lib/export/raw_messages.ts";
import { Http1Server } from "../../lib/http1/server.ts";
import { fieldLines, target, token } from "../http1/arbitraries.ts";
import { lenient } from "../http1/drive.ts";
import {
  type HttpFlowParts,
  makeHttpFlow,
  makeTcpFlow,
  makeTcpMessage,
  type RequestParts,
} from "../kit/records.ts";
import { httpFlow } from "./arbitraries.ts";

/** Text is byte-true. */
type Row = HttpFlowParts & { name: string; request?: RequestParts; sent?: string; received?: string };

const rows: Row[] = [
  {
    name: "a GET, every byte as it was",
    request: { path: "/a?\xff", fields: [["hOST", "example.com"], ["x", ""], ["X", "\t\x80 b"]] },
    response: { reason: "", fields: [["a", "b"]] },
    sent: "GET /a?\xff HTTP/1.1\r\nhOST: example.com\r\nx: \r\nX: \t\x80 b\r\n\r\n",
    received: "HTTP/1.1 200 \r\na: b\r\n\r\n",
  },
  {
    name: "the target in absolute form",
    request: { target: "http://example.com", targetForm: "absolute", version: "HTTP/1.0", fields: [] },
    sent: "GET http://example.com HTTP/1.0\r\n\r\n",
  },
  {
    name: "bodies with a length, still coded",
    request: {
      method: "POST",
      body: "\x1f\x8b\0",
      fields: [["Content-Encoding", "gzip"], ["content-length", "03"]],
    },
    response: { status: 404, reason: "No", body: "abc", fields: [["Content-Length", "3"]] },
    sent: "POST / HTTP/1.1\r\nContent-Encoding: gzip\r\ncontent-length: 03\r\n\r\n\x1f\x8b\0",
    received: "HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nabc",
  },
  {
    name: "chunks and trailers",
    request: {
      method: "POST",
      body: "0123456789abcdefg",
      framing: "chunked",
      fields: [["Transfer-Encoding", "chunked"]],
      trailers: [["x-Sum", "1"], ["x-sum", "2"]],
    },
    response: { body: "", framing: "chunked", fields: [["transfer-encoding", "chunked"]] },
    sent: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "11\r\n0123456789abcdefg\r\n0\r\nx-Sum: 1\r\nx-sum: 2\r\n\r\n",
    received: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  },
  {
    name: "what was not captured is missing, and so is the end",
    request: {
      method: "POST",
      body: "abcdef",
      capture: 4,
      framing: "chunked",
      fields: [["Transfer-Encoding", "chunked"]],
      trailers: [["a", "b"]],
    },
    response: { body: "abcdef", capture: 4, fields: [["Content-Length", "6"]] },
    sent: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n",
    received: "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcd",
  },
  {
    name: "a response that broke off has no last chunk",
    response: { body: "abc", framing: "chunked", fields: [["Transfer-Encoding", "chunked"]] },
    took: null,
    received: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
  },
  {
    name: "a response until the end of the connection",
    response: { body: "abc", framing: "close", version: "HTTP/1.0" },
    received: "HTTP/1.0 200 OK\r\n\r\nabc",
  },
  {
    name: "interim responses come first",
    interim: [{ status: 100, reason: "Continue" }, { status: 103, reason: "Early", fields: [["Link", "a"]] }],
    received: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
  },
  { name: "no response", response: null, received: "" },
  {
    name: "HTTP/2: pseudo-fields become the start line and Host",
    request: {
      version: "HTTP/2.0",
      path: "/a",
      fields: [["accept", "*/*"], ["cookie", "a"], ["cookie", "b"]],
    },
    response: {
      version: "HTTP/2.0",
      status: 404,
      reason: "",
      framing: "stream",
      body: "no",
      fields: [["a", "b"]],
    },
    sent: "GET /a HTTP/2.0\r\nHost: example.com\r\naccept: */*\r\ncookie: a\r\ncookie: b\r\n\r\n",
    received: "HTTP/2.0 404 Not Found\r\na: b\r\n\r\nno",
  },
  {
    name: "HTTP/2: Host as it came stays where it was",
    request: { version: "HTTP/2.0", fields: [["accept", "*/*"], ["host", "example.com"]] },
    sent: "GET / HTTP/2.0\r\naccept: */*\r\nhost: example.com\r\n\r\n",
  },
  {
    name: "HTTP/2: a request's body without a length, and trailers in place of one, are chunked",
    request: { version: "HTTP/2.0", method: "POST", framing: "stream", body: "ab", fields: [] },
    response: {
      version: "HTTP/2.0",
      reason: "",
      framing: "length",
      body: "ab",
      fields: [["content-length", "2"], ["te", "x"]],
      trailers: [["grpc-status", "0"]],
    },
    sent: "POST / HTTP/2.0\r\nHost: example.com\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    received:
      "HTTP/2.0 200 OK\r\nte: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\ngrpc-status: 0\r\n\r\n",
  },
  {
    name: "WebSocket: the handshake",
    request: { protocol: "websocket", fields: [["Upgrade", "websocket"]] },
    response: { status: 101, reason: "Switching Protocols", fields: [["Upgrade", "websocket"]] },
    sent: "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
    received: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
  },
  {
    name: "WebSocket over HTTP/2",
    request: {
      version: "HTTP/2.0",
      method: "CONNECT",
      path: "/chat",
      protocol: "websocket",
      fields: [["a", "b"]],
    },
    sent: "CONNECT /chat HTTP/2.0\r\nHost: example.com\r\nUpgrade: websocket\r\na: b\r\n\r\n",
  },
];

for (const { name, sent, received, ...parts } of rows) {
  Deno.test(`raw: ${name}`, () => {
    const flow = makeHttpFlow(parts);
    if (sent !== undefined) assert.equal(latin1Decode(rawRequest(flow)), sent);
    if (received !== undefined) assert.equal(latin1Decode(rawResponse(flow)), received);
  });
}

Deno.test("raw: the size of a head is what it took on the wire", () => {
  const { request, response } = makeHttpFlow({ response: { version: "HTTP/2.0" } });
  assert.equal(headSize(request.head), "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n".length);
  assert.equal(headSize(response!.head), -1);
});

Deno.test("raw: the bytes of one side, as they were forwarded", () => {
  const messages = [
    makeTcpMessage("ab"),
    makeTcpMessage("\0\xff", { fromClient: false }),
    makeTcpMessage("lost", { dropped: true }),
    makeTcpMessage("c", { injected: true }),
  ];
  const flow = makeTcpFlow({ messages });
  assert.equal(latin1Decode(rawMessages(flow, true)), "abc");
  assert.equal(latin1Decode(rawMessages(flow, false)), "\0\xff");
  assert.equal(latin1Decode(rawMessages(makeHttpFlow({ messages }), true)), "abc");
  assert.deepEqual(rawMessages(makeHttpFlow(), true), new Uint8Array(0));
});

Deno.test("raw: any record gives bytes, and leaves the record as it was", () => {
  fc.assert(fc.property(httpFlow, (flow) => {
    const before = JSON.stringify([...flow.request.head.fields, ...flow.response?.head.fields ?? []]);
    rawRequest(flow);
    rawResponse(flow);
    assert.equal(JSON.stringify([...flow.request.head.fields, ...flow.response?.head.fields ?? []]), before);
  }));
});

Deno.test("raw: a reader of HTTP/1 finds the request that was recorded, of either version", () => {
  const requests: fc.Arbitrary<RequestParts> = fc.record({
    version: fc.constantFrom("HTTP/1.1" as const, "HTTP/2.0" as const),
    method: token.filter((method) => method !== "CONNECT"),
    path: target,
    fields: fieldLines,
    body: fc.uint8Array({ maxLength: 50 }),
    trailers: fieldLines.map((lines) => lines.map(([name, value]) => [`t-${name}`, value] as const)),
  });
  fc.assert(fc.property(requests, (request) => {
    const isHttp2 = request.version === "HTTP/2.0";
    const fields = [...request.fields ?? []];
    if (!isHttp2) fields.push(["Host", "example.com"], ["Transfer-Encoding", "chunked"]);
    const flow = makeHttpFlow({ request: { ...request, fields, framing: isHttp2 ? "stream" : "chunked" } });
    const text = latin1Decode(rawRequest(flow)).replace(" HTTP/2.0\r\n", " HTTP/1.1\r\n");
    const read = readRequest(text);
    assert.deepEqual(read.body, latin1Decode(flow.request.body.bytes()));
    assert.deepEqual(
      read.trailers,
      flow.request.trailers?.length === 0 ? [] : [...flow.request.trailers ?? []],
    );
    assert.deepEqual([read.method, read.target], [request.method, request.path]);
    const special = /^(?:host|transfer-encoding)$/i;
    assert.deepEqual(read.fields.filter(([name]) => !special.test(name)), [...request.fields ?? []]);
  }));
});

function readRequest(text: string) {
  const server = new Http1Server(lenient);
  server.receive(latin1Encode(text));
  const read = {
    method: "",
    target: "",
    fields: [] as [string, string][],
    body: "",
    trailers: [] as [string, string][],
  };
  for (let event = server.next(); event !== null; event = server.next()) {
    if (event.kind === "head" && event.head.kind === "request") {
      read.method = event.head.method;
      read.target = event.head.target;
      read.fields = [...event.head.fields];
    } else if (event.kind === "data") {
      read.body += latin1Decode(event.data);
      server.consume(event.stream, event.credit);
    } else if (event.kind === "trailers") read.trailers = [...event.fields];
  }
  return read;
}
