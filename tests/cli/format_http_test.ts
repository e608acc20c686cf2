// The picture of an HTTP flow in the text log: golden text for its line, its heads and its bodies.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { TextPrinter } from "../../lib/cli/event_log_text.ts";
import type { Detail } from "../../lib/cli/format_event.ts";
import {
  type FieldList,
  type HttpFlowParts,
  makeConnection,
  makeFlowError,
  makeHttpFlow,
} from "../kit/records.ts";

const printer = (detail: Detail = 1, columns?: number) =>
  new TextPrinter({ detail, color: false, ...(columns === undefined ? {} : { columns }) });

const html: FieldList = [["Content-Type", "text/html; charset=utf-8"]];

const lines: { name: string; flow: HttpFlowParts; line: string; clock?: string }[] = [
  {
    name: "an exchange",
    flow: { response: { fields: html, body: "x".repeat(1234) } },
    line: "GET  http://example.com/ -> 200 text/html 1.2kB 34ms",
  },
  {
    name: "https, a port of its own, a path",
    flow: { scheme: "https", port: 8443, request: { path: "/a?b=c" }, response: { body: "" } },
    line: "GET  https://example.com:8443/a?b=c -> 200 0B 34ms",
  },
  {
    name: "default ports are left out, IPv6 stands in brackets",
    flow: { scheme: "https", port: 443, host: "::1", request: { method: "HEAD" } },
    line: "HEAD https://[::1]/ -> 200 34ms",
  },
  {
    name: "a request body, a long method",
    flow: {
      request: { method: "DELETE", body: "x".repeat(2_000_000) },
      response: { status: 204, reason: "No Content" },
      took: 1234,
    },
    clock: "14:03:23.234",
    line: "DELETE http://example.com/ [upload 2MB] -> 204 1.23s",
  },
  {
    name: "HTTP/2 on both legs",
    flow: { request: { version: "HTTP/2.0" }, response: { version: "HTTP/2.0", reason: "", body: "hi" } },
    line: "GET  http://example.com/ h2 -> 200 2B 34ms",
  },
  {
    name: "HTTP/2 on the client's leg",
    flow: { request: { version: "HTTP/2.0" }, response: { body: "hi" } },
    line: "GET  http://example.com/ h2 -> HTTP/1.1 200 2B 34ms",
  },
  {
    name: "HTTP/2 on the server's leg",
    flow: { response: { version: "HTTP/2.0", reason: "", body: "hi" } },
    line: "GET  http://example.com/ -> h2 200 2B 34ms",
  },
  {
    name: "versions that differ",
    flow: { response: { version: "HTTP/1.0", framing: "close", body: "hi" } },
    line: "GET  http://example.com/ -> HTTP/1.0 200 2B 34ms [body until close]",
  },
  {
    name: "an old client",
    flow: { request: { version: "HTTP/1.0" } },
    line: "GET  http://example.com/ HTTP/1.0 -> HTTP/1.1 200 34ms",
  },
  {
    name: "a reason of its own",
    flow: { response: { status: 404, reason: "Gone Fishing" } },
    line: 'GET  http://example.com/ -> 404 "Gone Fishing" 34ms',
  },
  {
    name: "a standard reason in other letters",
    flow: { response: { status: 404, reason: "NOT FOUND" } },
    line: "GET  http://example.com/ -> 404 34ms",
  },
  {
    name: "interim responses and trailers",
    flow: {
      request: { method: "POST", body: "x", trailers: [["A", "b"]] },
      interim: [{ status: 100 }, { status: 103 }],
      response: { body: "y", trailers: [["A", "b"]] },
    },
    line:
      "POST http://example.com/ [upload 1B] -> 200 1B 34ms [interim 100 103] [request trailers] [trailers]",
  },
  {
    name: "what hooks did",
    flow: { edited: true, answered: true },
    line: "GET  http://example.com/ -> 200 34ms [edited] [answered by mitm]",
  },
  {
    name: "an error before the response",
    flow: { response: null, error: makeFlowError() },
    line: "GET  http://example.com/ -> error: example.com:80 refused the connection 34ms",
  },
  {
    name: "an error within the response, with the rule",
    flow: {
      response: { fields: html, body: "half" },
      error: makeFlowError({ message: "the body ended too early", rule: "RFC 9112, 8" }),
    },
    line:
      "GET  http://example.com/ -> 200 text/html 4B -> error: the body ended too early (RFC 9112, 8) 34ms",
  },
  {
    name: "a rule that the message names already",
    flow: {
      response: null,
      error: makeFlowError({ message: "bare CR (RFC 9112, 2.2)", rule: "RFC 9112, 2.2" }),
    },
    line: "GET  http://example.com/ -> error: bare CR (RFC 9112, 2.2) 34ms",
  },
  {
    name: "killed",
    flow: {
      response: null,
      killed: true,
      error: makeFlowError({ message: "killed by a hook", by: "proxy" }),
    },
    line: "GET  http://example.com/ -> error: killed by a hook 34ms [killed]",
  },
  {
    name: "neither response nor error",
    flow: { response: null },
    line: "GET  http://example.com/ -> no response 34ms",
  },
  {
    name: "CONNECT",
    flow: {
      request: {
        method: "CONNECT",
        target: "example.com:443",
        targetForm: "authority",
        authority: "example.com:443",
        path: "",
      },
    },
    line: "CONNECT example.com:443 -> 200 34ms",
  },
  {
    name: "asterisk form",
    flow: { request: { method: "OPTIONS", target: "*", targetForm: "asterisk", path: "*" } },
    line: "OPTIONS http://example.com -> 200 34ms",
  },
  {
    name: "no host is known",
    flow: { host: "", request: { authority: "a.example" } },
    line: "GET  http://a.example/ -> 200 34ms",
  },
];

for (const { name, flow, line, clock = "14:03:22.034" } of lines) {
  Deno.test(`text: ${name}`, () => {
    assert.equal(printer().http(makeHttpFlow(flow)), `${clock} 127.0.0.1:53412 ${line}\n`);
  });
}

Deno.test("text: the client column grows with the addresses, up to its limit", () => {
  const text = printer();
  const at = (host: string) =>
    text.http(makeHttpFlow({ client: makeConnection({ remote: { host, port: 1 } }) }));
  assert.equal(at("127.0.0.1").indexOf("GET"), 29);
  assert.equal(at("192.168.100.100").indexOf("GET"), 31);
  assert.equal(at("127.0.0.1").indexOf("GET"), 31);
  assert.equal(at("fe80::1111:2222:3333:4444").indexOf("GET"), 43);
  assert.equal(at("127.0.0.1").indexOf("GET"), 35);
});

Deno.test("text: on a terminal a URL is cut to fit, never below what says something", () => {
  const flow = makeHttpFlow({ request: { path: `/${"a".repeat(200)}` }, response: { body: "x" } });
  const wide = printer(1, 100).http(flow);
  assert.match(wide, / GET {2}http:\/\/example\.com\/a+… -> 200 1B 34ms\n$/);
  assert.equal(wide.length, 100 + 1);
  assert.match(printer(1, 20).http(flow), / http:\/\/example\.com\/a{10}… -> 200 1B 34ms\n$/);
  assert.match(printer(1).http(flow), /a{200} -> /);
});

Deno.test("text: the width is read for each line", () => {
  const options = { detail: 1 as Detail, color: false, columns: 300 };
  const text = new TextPrinter(options);
  const flow = makeHttpFlow({ request: { path: `/${"a".repeat(200)}` } });
  assert.ok(!text.http(flow).includes("…"));
  options.columns = 80;
  assert.ok(text.http(flow).includes("…"));
});

const exchange: HttpFlowParts = {
  request: {
    method: "POST",
    path: "/login",
    fields: [["Host", "example.com"], ["content-type", "application/x-www-form-urlencoded"], ["X-Empty", ""]],
    body: "user=alice&password=a%20b",
    trailers: [["X-Sum", "1"]],
  },
  interim: [{ status: 103, reason: "Early Hints", fields: [["Link", "</a.css>"]] }],
  response: {
    fields: [["Content-Type", "application/json"], ["Set-Cookie", "a=1"], ["set-cookie", "b=2"]],
    body: '{"ok":true}',
    trailers: [["Grpc-Status", "0"]],
  },
  notes: ["a bare LF was accepted (RFC 9112, 2.2)"],
};

Deno.test("text: detail 2 shows heads and trailers as they came", () => {
  assert.equal(
    printer(2).http(makeHttpFlow(exchange)),
    `14:03:22.034 127.0.0.1:53412 POST http://example.com/login [upload 25B] -> 200 application/json 11B 34ms [interim 103] [request trailers] [trailers]
    POST /login HTTP/1.1
    Host: example.com
    content-type: application/x-www-form-urlencoded
    X-Empty:

  trailers:
    X-Sum: 1

    HTTP/1.1 103 Early Hints
    Link: </a.css>

    HTTP/1.1 200 OK
    Content-Type: application/json
    Set-Cookie: a=1
    set-cookie: b=2

  trailers:
    Grpc-Status: 0

  note: a bare LF was accepted (RFC 9112, 2.2)

`,
  );
});

Deno.test("text: detail 3 shows bodies, decoded", () => {
  const compressed = gzipSync("\nhello\n\nworld\n");
  const flow = makeHttpFlow({
    ...exchange,
    notes: [],
    interim: [],
    response: { fields: [["Content-Type", "text/plain"], ["Content-Encoding", "gzip"]], body: compressed },
  });
  assert.equal(
    printer(3).http(flow),
    `14:03:22.034 127.0.0.1:53412 POST http://example.com/login [upload 25B] -> 200 text/plain ${compressed.length}B 34ms [request trailers]
    POST /login HTTP/1.1
    Host: example.com
    content-type: application/x-www-form-urlencoded
    X-Empty:

    user: alice
    password: a b

  trailers:
    X-Sum: 1

    HTTP/1.1 200 OK
    Content-Type: text/plain
    Content-Encoding: gzip

  body: gzip: ${compressed.length}B hold 14B
    
    hello
    
    world

`,
  );
});

Deno.test("text: HTTP/2 heads show their pseudo-fields", () => {
  const flow = makeHttpFlow({
    scheme: "https",
    request: {
      version: "HTTP/2.0",
      method: "CONNECT",
      scheme: "https",
      path: "/chat",
      protocol: "websocket",
      fields: [["x", "y"]],
    },
    response: { version: "HTTP/2.0", reason: "", fields: [["a", "b"]] },
  });
  assert.equal(
    printer(2).http(flow).split("\n").slice(1).join("\n"),
    `    :method: CONNECT
    :scheme: https
    :authority: example.com
    :path: /chat
    :protocol: websocket
    x: y

    :status: 200
    a: b

`,
  );
});

Deno.test("text: a missing reason leaves no blank behind", () => {
  const text = printer(2).http(makeHttpFlow({ response: { reason: "" } }));
  assert.ok(text.includes("\n    HTTP/1.1 200\n"));
});
