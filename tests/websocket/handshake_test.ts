// Which exchanges that left HTTP are WebSockets whose frames can be read (RFC 6455, 4; RFC 8441, 5).

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead, ResponseHead } from "../../lib/http/head.ts";
import { type Handshake, readHandshake } from "../../lib/websocket/handshake.ts";

type Lines = readonly (readonly [name: string, value: string])[];

interface HandshakeRow {
  name: string;
  rule: string;
  request?: Partial<RequestHead>;
  /** Beside what every request and response of the kind has. */
  asked?: Lines;
  /** In place of those: the whole list. */
  answered?: Lines;
  status?: number;
  expect: Handshake;
}

const EXTENSIONS = "Sec-WebSocket-Extensions";
const asUsual: Lines = [["Upgrade", "websocket"], ["Connection", "Upgrade"]];
const version13: Lines = [["Sec-WebSocket-Version", "13"]];
const plain: Handshake = { kind: "websocket", deflate: null };
const notOne: Handshake = { kind: "other", why: null };
const direction = { windowBits: 15, contextTakeover: true };
const compressed: Handshake = { kind: "websocket", deflate: { client: direction, server: direction } };
const connect = { method: "CONNECT", version: "HTTP/2.0", target: "/", framing: "stream" } as const;

function other(why: string): Handshake {
  return { kind: "other", why };
}

const rows: readonly HandshakeRow[] = [
  { name: "GET with Upgrade, and 101", rule: "RFC 6455, 4.2.2", expect: plain },
  { name: "in any case", rule: "RFC 6455, 4.2.1", request: { protocol: "WebSocket" }, expect: plain },
  { name: "the server's case", rule: "RFC 6455, 4.1", answered: [["upgrade", "WEBSOCKET"]], expect: plain },
  {
    name: "extended CONNECT, and 200",
    rule: "RFC 8441, 5",
    request: connect,
    answered: [],
    status: 200,
    expect: plain,
  },
  {
    name: "extended CONNECT, and 204",
    rule: "RFC 8441, 5",
    request: connect,
    answered: [],
    status: 204,
    expect: plain,
  },
  {
    name: "extended CONNECT with compression",
    rule: "RFC 8441, 5",
    request: connect,
    answered: [["sec-websocket-extensions", "permessage-deflate"]],
    status: 200,
    expect: compressed,
  },
  {
    name: "GET with Upgrade, and 200 in HTTP/2's words",
    rule: "RFC 8441, 5",
    answered: [],
    status: 200,
    expect: plain,
  },
  {
    name: "extended CONNECT without a version",
    rule: "RFC 8441, 5",
    request: connect,
    asked: [],
    answered: [],
    status: 200,
    expect: plain,
  },
  {
    name: "extended CONNECT of another version",
    rule: "RFC 8441, 5",
    request: connect,
    asked: [["sec-websocket-version", "8"]],
    status: 200,
    expect: other("WebSocket version 8 is not known"),
  },
  { name: "POST with Upgrade", rule: "RFC 6455, 4.1", request: { method: "POST" }, expect: notOne },
  {
    name: "GET with content",
    rule: "RFC 6455, 4.1",
    request: { framing: "length", contentLength: 5 },
    expect: notOne,
  },
  { name: "no protocol asked for", rule: "RFC 6455, 4.1", request: { protocol: null }, expect: notOne },
  { name: "another protocol asked for", rule: "RFC 9110, 7.8", request: { protocol: "h2c" }, expect: notOne },
  {
    name: "a protocol with a version",
    rule: "RFC 9110, 7.8",
    request: { protocol: "websocket/2" },
    expect: notOne,
  },
  { name: "a longer name", rule: "RFC 9110, 7.8", request: { protocol: "websocketx" }, expect: notOne },
  {
    name: "a plain CONNECT",
    rule: "RFC 9110, 9.3.6",
    request: { ...connect, protocol: null },
    status: 200,
    expect: notOne,
  },
  {
    name: "another protocol with CONNECT",
    rule: "RFC 9298, 3.4",
    request: { ...connect, protocol: "connect-udp" },
    status: 200,
    expect: notOne,
  },
  { name: "a 101 to something else", rule: "RFC 6455, 4.1", answered: [["Upgrade", "h2c"]], expect: notOne },
  { name: "a 101 to nothing", rule: "RFC 6455, 4.1", answered: [["Connection", "Upgrade"]], expect: notOne },
  { name: "a 101 to an empty name", rule: "RFC 6455, 4.1", answered: [["Upgrade", ""]], expect: notOne },
  ...["8", "7", "0", "14", "25", "013", "13, 8", "130", "x", ""].map((version): HandshakeRow => ({
    name: `version ${JSON.stringify(version)}`,
    rule: "RFC 6455, 4.4",
    asked: [["sec-websocket-version", version]],
    expect: other(`WebSocket version ${version} is not known`),
  })),
  {
    name: "no version",
    rule: "RFC 6455, 4.1",
    asked: [],
    expect: other("WebSocket version before 13 is not known"),
  },
  {
    name: "compression offered, and not agreed to",
    rule: "RFC 6455, 9.1",
    asked: [...version13, [EXTENSIONS, "permessage-deflate; client_max_window_bits"]],
    expect: plain,
  },
  {
    name: "something offered that nobody knows",
    rule: "RFC 6455, 9.1",
    asked: [...version13, [EXTENSIONS, "foo, bar=;"]],
    expect: plain,
  },
  {
    name: "compression, with its parameters",
    rule: "RFC 7692, 7.1",
    answered: [...asUsual, [
      EXTENSIONS,
      "permessage-deflate; client_max_window_bits=10; server_no_context_takeover",
    ]],
    expect: {
      kind: "websocket",
      deflate: {
        client: { windowBits: 10, contextTakeover: true },
        server: { windowBits: 15, contextTakeover: false },
      },
    },
  },
  {
    name: "an extension that is not known",
    rule: "RFC 6455, 9.1",
    answered: [...asUsual, [EXTENSIONS, "permessage-bzip2"]],
    expect: other('the WebSocket extension "permessage-bzip2" is not known'),
  },
  {
    name: "an extension beside compression, in a line of its own",
    rule: "RFC 6455, 9.1",
    answered: [...asUsual, [EXTENSIONS, "permessage-deflate"], [EXTENSIONS, "foo"]],
    expect: other('the WebSocket extension "foo" is not known'),
  },
  {
    name: "parameters that are wrong",
    rule: "RFC 7692, 7.1",
    answered: [...asUsual, [EXTENSIONS, "permessage-deflate; client_max_window_bits=16"]],
    expect: other('the WebSocket extension "permessage-deflate" is not known'),
  },
  {
    name: "extensions that are none",
    rule: "RFC 6455, 9.1",
    answered: [...asUsual, [EXTENSIONS, "permessage-deflate;"]],
    expect: other('the WebSocket extension "permessage-deflate;" is not known'),
  },
  {
    name: "an empty field of extensions",
    rule: "RFC 6455, 9.1",
    answered: [...asUsual, [EXTENSIONS, ""]],
    expect: plain,
  },
  {
    name: "a subprotocol is nobody's business",
    rule: "RFC 6455, 1.9",
    answered: [...asUsual, ["Sec-WebSocket-Protocol", "chat"]],
    expect: plain,
  },
];

function requestOf({ request, asked }: HandshakeRow): RequestHead {
  return {
    kind: "request",
    version: "HTTP/1.1",
    method: "GET",
    target: "/chat",
    targetForm: "origin",
    scheme: "",
    authority: "server.example.com",
    path: "/chat",
    protocol: "websocket",
    framing: "none",
    contentLength: null,
    fields: Fields.of(...asUsual, ...asked ?? version13),
    ...request,
  };
}

function responseOf({ answered, status }: HandshakeRow): ResponseHead {
  return {
    kind: "response",
    version: "HTTP/1.1",
    status: status ?? 101,
    reason: "",
    framing: "none",
    contentLength: null,
    fields: Fields.of(...answered ?? asUsual),
  };
}

for (const row of rows) {
  Deno.test(`handshake: ${row.name} (${row.rule})`, () => {
    assert.deepEqual(readHandshake(requestOf(row), responseOf(row)), row.expect);
  });
}
