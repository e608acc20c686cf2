// What each filter is true of: HTTP, WebSockets, raw TCP, and HTTP that became a tunnel.

import assert from "node:assert/strict";
import { compileFilter } from "../../lib/filter/compile.ts";
import { FilterError } from "../../lib/filter/filter_error.ts";
import { filters } from "../../lib/filter/filters_table.ts";
import type { Flow } from "../../lib/flow/record.ts";
import {
  makeConnection,
  makeFlowError,
  makeHttpFlow,
  makeTcpFlow,
  makeTcpMessage,
  makeWebSocket,
  makeWebSocketMessage,
} from "../kit/records.ts";

const flows: Readonly<Record<string, Flow>> = {
  page: makeHttpFlow({
    scheme: "https",
    marked: true,
    request: {
      path: "/index?x=1&y=2",
      fields: [["Host", "example.com"], ["Accept", "text/html"], ["X-Id", "7"]],
    },
    response: {
      fields: [["Content-Type", "text/html; charset=utf-8"], ["Server", "nginx"]],
      body: "<p>Hello\nworld</p>",
      trailers: [["X-Checksum", "abc123"]],
    },
  }),
  post: makeHttpFlow({
    replayed: true,
    host: "api.test",
    port: 8080,
    client: makeConnection({ remote: { host: "::1", port: 4000 } }),
    server: makeConnection({
      remote: { host: "10.1.2.3", port: 8080 },
      name: { host: "api.test", port: 8080 },
    }),
    request: {
      method: "POST",
      path: "/items",
      authority: "api.test:8080",
      fields: [["Host", "api.test:8080"], ["Content-Type", "application/json"]],
      body: '{"name":"Hello"}',
      trailers: [["X-Signed", "yes"]],
    },
    response: { status: 404, body: "no such thing" },
  }),
  // Reverse mode: the origin is not what the client calls it.
  reverse: makeHttpFlow({
    host: "127.0.0.1",
    port: 9000,
    server: null,
    took: null,
    request: { path: "/r", authority: "Shop.Example:81" },
    response: null,
  }),
  failed: makeHttpFlow({
    host: "down.test",
    error: makeFlowError(),
    request: { authority: "down.test" },
    response: null,
  }),
  image: makeHttpFlow({
    request: { path: "/logo" },
    response: { fields: [["content-type", "Image/PNG"]], body: "\x89PNG" },
  }),
  chat: makeHttpFlow({
    request: { path: "/chat" },
    response: { status: 101 },
    websocket: makeWebSocket({
      messages: [
        makeWebSocketMessage({ body: "hello, server" }),
        makeWebSocketMessage({ fromClient: false, type: "binary", body: "\x00\x01welcome" }),
        makeWebSocketMessage({ fromClient: false, type: "ping", body: "beat" }),
      ],
    }),
  }),
  tunnel: makeHttpFlow({
    request: { path: "/up", protocol: "odd/1" },
    response: { status: 101 },
    messages: [makeTcpMessage("knock knock"), makeTcpMessage("who is there", { fromClient: false })],
  }),
  connect: makeHttpFlow({
    host: "odd.test",
    port: 99,
    request: {
      method: "CONNECT",
      targetForm: "authority",
      target: "odd.test:99",
      authority: "odd.test:99",
      path: "",
    },
    response: { status: 200 },
  }),
  ssh: makeTcpFlow({
    messages: [makeTcpMessage("SSH-2.0-client"), makeTcpMessage("SSH-2.0-daemon\n", { fromClient: false })],
  }),
  ended: makeTcpFlow({ host: "down.test", port: 5432, server: null, error: makeFlowError(), marked: true }),
};

const http = "page post reverse failed image chat tunnel connect";
const all = `${http} ssh ended`;

/** Each with the flows above that it is true of. */
const rows: [filter: string, expected: string][] = [
  ["~all", all],
  ["~http", http],
  ["~websocket", "chat"],
  ["~tcp", "tunnel ssh ended"],
  ["~q", "reverse failed"],
  ["~s", "page post image chat tunnel connect"],
  ["~e", "failed ended"],
  ["~marked", "page ended"],
  ["~replay", "post"],
  ["~a", "image"],

  ["~m post", "post"],
  ["~m ^C", "connect"],
  ["~m T", "page post reverse failed image chat tunnel connect"],
  ["~m DELETE", ""],

  ["~c 404", "post"],
  ["~c 40", ""],
  ["~c 101", "chat tunnel"],

  ["~u ^https://example\\.com/index", "page"],
  ["~u x=1&y=2", "page"],
  ["~u 'EXAMPLE.com/(?:index|logo)$'", "image"],
  ["~u ^http://api.test:8080/items$", "post"],
  ["~u http://127.0.0.1:9000/r", "reverse"],
  ["~u http://shop.example:81/r", "reverse"],
  ["~u ^odd.test:99$", "connect"],
  ["~u ^example.com:22$", "ssh"],
  ["example.com", "page image chat tunnel ssh"],
  ["down.test", "failed ended"],

  ["~d ^example.com$", "page image chat tunnel ssh"],
  ["~d ^api.test$", "post"],
  ["~d 8080", ""],
  ["~d 127.0.0.1", "reverse"],
  ["~d ^shop.example$", "reverse"],
  ["~d odd.test$", "connect"],
  ["~d index", ""],

  ["~src ^127.0.0.1:53412$", "page reverse failed image chat tunnel connect ssh ended"],
  ["~src '^\\[::1\\]:4000$'", "post"],
  ["~src :53412", "page reverse failed image chat tunnel connect ssh ended"],
  ["~dst ^93.184.216.34:443$", "page"],
  ["~dst ^example.com:443$", "page"],
  ["~dst 10.1.2.3:8080", "post"],
  ["~dst api.test:8080", "post"],
  ["~dst :9000", "reverse"],
  ["~dst 93.184.216.34:22|example.com:22", "ssh"],
  ["~dst down.test:5432", "ended"],
  ["~dst 53412", ""],

  ["~h '^server: nginx$'", "page"],
  ["~h '^host: (example|api)'", "page post reverse failed image chat tunnel connect"],
  ["~h '^x-(checksum|signed): '", "page post"],
  ["~h 'text/html$'", "page"],
  ["~h accept:.*charset", ""],
  ["~h hello", ""],
  ["~hq '^accept: text/html$'", "page"],
  ["~hq '^x-signed: yes$'", "post"],
  ["~hq server", ""],
  ["~hq html\\r\\nx-id", "page"],
  ["~hs ^server", "page"],
  ["~hs abc123", "page"],
  ["~hs accept", ""],

  ["~t json", "post"],
  ["~t ^text/html", "page"],
  ["~t utf-8$", "page"],
  ["~tq json", "post"],
  ["~tq html", ""],
  ["~ts html", "page"],
  ["~ts ^image/png$", "image"],
  ["~ts json", ""],

  ["~b hello", "page post chat"],
  ["~b HELLO.WORLD", "page"],
  ["~b ^world", ""],
  ["~b ssh-2", "ssh"],
  ["~b daemon$", ""],
  ["~b daemon\\s$", "ssh"],
  ["~b knock|there", "tunnel"],
  ["~b server", "chat"],
  ["~b beat", "chat"],
  ["~b ''", "page post image chat tunnel ssh"],
  ["~bq hello", "post chat"],
  ["~bq ssh-2.0-client", "ssh"],
  ["~bq daemon", ""],
  ["~bq knock", "tunnel"],
  ["~bq welcome", ""],
  ["~bs hello", "page"],
  ["~bs daemon", "ssh"],
  ["~bs 'who is'", "tunnel"],
  ["~bs \\x01welcome$", "chat"],
  ["~bs 'hello, server'", ""],

  ["!~http", "ssh ended"],
  ["!~s", "reverse failed ssh ended"],
  ["!~d example.com ~http", "post reverse failed connect"],
  ["~http & ~marked", "page"],
  ["~websocket | ~tcp", "chat tunnel ssh ended"],
  ["~tcp & ~b ssh | ~c 404", "post ssh"],
  ["~tcp & (~b ssh | ~c 404)", "ssh"],
  ["!(~http | ~marked)", "ssh"],
  ["!~b hello ~s", "image tunnel connect"],
];
for (const [filter, expected] of rows) {
  Deno.test(`filter matches: ${filter}`, () => {
    const compiled = compileFilter(filter);
    assert.ok(!(compiled instanceof FilterError));
    const found = Object.entries(flows).filter(([, flow]) => compiled.matches(flow)).map(([name]) => name);
    assert.deepEqual(found.join(" "), expected);
    assert.equal(compiled.text, filter);
  });
}

Deno.test("filter matches: each filter is true of something here, and all but ~all false of something", () => {
  const total = Object.keys(flows).length;
  for (const { name } of filters) {
    const found = rows.filter(([filter]) => filter.split(" ")[0] === name)
      .map(([, expected]) => expected.split(" ").filter((flow) => flow !== "").length);
    assert.ok(found.some((count) => count > 0), name);
    assert.ok(found.some((count) => count < total) || name === "~all", name);
  }
});

const assets: [type: string, is: boolean][] = [
  ["text/javascript", true],
  ["application/javascript; charset=utf-8", true],
  ["application/x-javascript", true],
  ["text/css", true],
  ["IMAGE/svg+xml", true],
  ["font/woff2", true],
  ["application/font-woff", true],
  ["text/html", false],
  ["application/json", false],
  ["x-image/png", false],
];
for (const [type, is] of assets) {
  Deno.test(`filter matches: ${type} ${is ? "is" : "is not"} an asset`, () => {
    const compiled = compileFilter("~a");
    assert.ok(!(compiled instanceof FilterError));
    const fields = [["Content-Type", type]] as const;
    assert.equal(compiled.matches(makeHttpFlow({ response: { fields } })), is);
    assert.equal(compiled.matches(makeHttpFlow({ request: { fields } })), false);
  });
}

Deno.test("filter: what cannot be read does not compile", () => {
  const error = compileFilter("~q &");
  assert.ok(error instanceof FilterError);
  assert.equal(error.at, 4);
});
