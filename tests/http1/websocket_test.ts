// WebSocket handshakes across versions, on the HTTP/1 leg: extended CONNECT goes out as an Upgrade, and its 2xx comes to
// an HTTP/1 client as 101 (RFC 6455, 4; RFC 8441, 5).

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import type { RequestHead, ResponseHead } from "../../lib/http/head.ts";
import { Http1Client } from "../../lib/http1/client.ts";
import type { Http1Options } from "../../lib/http1/limits.ts";
import type { Http1Server } from "../../lib/http1/server.ts";
import {
  bytesOf,
  clientAfter,
  drain,
  feed,
  Log,
  own,
  requestHead,
  responseHead,
  serverAfter,
  strict,
  takeText,
} from "./drive.ts";
import { type Row, testRows } from "./request_writing.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const keyed: Http1Options = { ...strict, webSocketKey: () => KEY };
const connect: Partial<RequestHead> = {
  version: "HTTP/2.0",
  method: "CONNECT",
  protocol: "websocket",
  scheme: "https",
};

// --- What a client sends ---

const rows: Row[] = [
  {
    name: "extended CONNECT becomes an Upgrade",
    rule: "RFC 6455, 4.1",
    method: "CONNECT",
    target: "/chat?x",
    head: {
      ...connect,
      authority: "b:8443",
      fields: Fields.of(
        ["sec-websocket-protocol", "x"],
        ["cookie", "a=1"],
        ["cookie", "b=2"],
        ["sec-websocket-version", "13"],
        ["sec-websocket-extensions", "permessage-deflate"],
      ),
    },
    options: keyed,
    body: null,
    text: "GET /chat?x HTTP/1.1\r\nHost: b:8443\r\nsec-websocket-protocol: x\r\ncookie: a=1; b=2\r\n" +
      "sec-websocket-version: 13\r\nsec-websocket-extensions: permessage-deflate\r\n" +
      `Upgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\nConnection: Upgrade\r\n\r\n`,
  },
  {
    name: "own: the same, proxy authentication is ours, a version is added, a key of HTTP/2 means nothing",
    rule: "RFC 8441, 5",
    method: "CONNECT",
    head: {
      ...connect,
      fields: Fields.of(
        ["proxy-authorization", "x"],
        ["te", "trailers"],
        ["content-length", "0"],
        ["sec-websocket-key", "y"],
      ),
    },
    options: { ...keyed, hopByHop: "own" },
    body: null,
    text: `GET / HTTP/1.1\r\nHost: a\r\nte: trailers\r\nsec-websocket-key: ${KEY}\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nConnection: TE, Upgrade\r\n\r\n",
  },
];

testRows(rows);

Deno.test("websocket client: each handshake has a key of its own", () => {
  let count = 0;
  const client = new Http1Client({ ...strict, webSocketKey: () => `key ${++count}` });
  for (const stream of [1, 2]) {
    client.openStream();
    client.send({ kind: "head", stream, head: requestHead("CONNECT", "/", connect), end: true });
    assert.ok(takeText(client).includes(`Sec-WebSocket-Key: key ${stream}\r\n`));
    feed(client, bytesOf("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), new Log());
  }
  client.openStream();
  client.send({
    kind: "head",
    stream: 3,
    head: requestHead("GET", "/", { protocol: "websocket" }),
    end: true,
  });
  assert.equal(count, 2, "an Upgrade of HTTP/1 has its client's");
});

Deno.test("websocket client: without a source of keys, or for another protocol, extended CONNECT throws", () => {
  for (const [options, protocol] of [[strict, "websocket"], [keyed, "connect-udp"]] as const) {
    const client = new Http1Client(options);
    client.openStream();
    const head = requestHead("CONNECT", "/", { ...connect, protocol });
    assert.throws(() => client.send({ kind: "head", stream: 1, head, end: true }), TypeError);
    assert.equal(client.output.length, 0);
  }
});

// --- What it makes of the answer ---

const asked = (): Http1Client => clientAfter("CONNECT", keyed, { ...connect, target: "/", path: "/" });
const switching = (...lines: string[]): string => ["HTTP/1.1 101 Switching", ...lines, "\r\n"].join("\r\n");
const upgrade = ["Upgrade: websocket", "Connection: Upgrade"];
const accept = `Sec-WebSocket-Accept: ${ACCEPT}`;

Deno.test("websocket client: 101 is said as it came, and the tunnel opens", () => {
  const client = asked();
  const log = new Log();
  feed(
    client,
    bytesOf("HTTP/1.1 103 Hints\r\n\r\n" + switching(...upgrade, accept, "Sec-WebSocket-Protocol: x") + "ab"),
    log,
  );
  assert.deepEqual(log.texts(), [
    "#1 HTTP/1.1 103 Hints {} none",
    `#1 HTTP/1.1 101 Switching {Upgrade: websocket | Connection: Upgrade | ${accept} | Sec-WebSocket-Protocol: x} none`,
  ]);
  client.tunnel(1);
  drain(client, log);
  assert.deepEqual(log.texts().slice(2), ['#1 body "ab"']);
  client.send({ kind: "data", stream: 1, data: bytesOf("raw"), credit: 3, end: true });
  assert.equal(takeText(client), "raw");
});

const faults: [name: string, answer: string, code: string, says: RegExp][] = [
  ["no Sec-WebSocket-Accept", switching(...upgrade), "bad-websocket-accept", /Sec-WebSocket-Accept/],
  [
    "another Sec-WebSocket-Accept",
    switching(...upgrade, accept.toLowerCase()),
    "bad-websocket-accept",
    /Sec-WebSocket-Accept/,
  ],
  ["no Upgrade", switching("Connection: Upgrade", accept), "bad-websocket-upgrade", /Upgrade/],
  [
    "another Upgrade",
    switching("Upgrade: x", "Connection: Upgrade", accept),
    "bad-websocket-upgrade",
    /Upgrade/,
  ],
  ["no Connection", switching("Upgrade: websocket", accept), "bad-websocket-upgrade", /Connection/],
  ["200", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "no-websocket", /200/],
  ["204", "HTTP/1.1 204 No Content\r\n\r\n", "no-websocket", /204/],
];
for (const [name, answer, code, says] of faults) {
  Deno.test(`websocket client: ${name} is a fault, and the connection is over`, () => {
    const client = asked();
    const log = new Log();
    let message = "";
    let rule = "";
    feed(client, bytesOf(answer), log, (event) => {
      if (event.kind === "reset") ({ message, rule } = event.fault);
    });
    assert.deepEqual(log.texts(), [`#1 reset ${code} 502`]);
    assert.match(message, says);
    assert.match(rule, /^RFC (6455, 4\.1|8441, 5)$/);
    assert.deepEqual([client.closing, client.canOpen], [true, false]);
  });
}

Deno.test("websocket client: any other answer is an ordinary one, and the connection goes on", () => {
  for (const status of [302, 401, 403, 426, 500]) {
    const client = asked();
    const log = new Log();
    feed(client, bytesOf(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`), log);
    assert.deepEqual(log.texts(), [
      `#1 HTTP/1.1 ${status} No {Content-Length: 2} length 2`,
      '#1 body "no"',
      "#1 end",
    ]);
    assert.equal(client.canOpen, true);
  }
});

Deno.test("websocket client: the answer to an HTTP/1 client's own handshake is that client's to judge", () => {
  const client = clientAfter("GET", keyed, { protocol: "websocket" });
  const log = new Log();
  feed(client, bytesOf(switching()), log);
  assert.deepEqual(log.texts(), ["#1 HTTP/1.1 101 Switching {} none"]);
  const other = clientAfter("GET", keyed, { protocol: "websocket" });
  feed(other, bytesOf("HTTP/1.1 204 No\r\n\r\n"), log);
  assert.equal(log.texts().at(-1), "#1 HTTP/1.1 204 No {} none end");
});

// --- What a server sends ---

const request = (key = `Sec-WebSocket-Key: ${KEY}\r\n`): string =>
  `GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n${key}\r\n`;

const http2 = (status: number, more: Partial<ResponseHead> = {}): ResponseHead =>
  responseHead(status, { version: "HTTP/2.0", reason: "", framing: "none", ...more });

function answered(head: ResponseHead, options = strict, text = request()): Http1Server {
  const server = serverAfter(text, options);
  server.send({ kind: "head", stream: 1, head, end: false });
  return server;
}

for (const [name, options] of [["keep", strict], ["own", own]] as const) {
  Deno.test(`websocket server: ${name}: 2xx of HTTP/2 is 101, with the answer to the client's key`, () => {
    const fields = Fields.of(
      ["sec-websocket-protocol", "x"],
      ["content-length", "0"],
      ["sec-websocket-accept", "of HTTP/2"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    );
    const server = answered(http2(200, { fields, framing: "stream" }), options);
    assert.equal(
      takeText(server),
      "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-protocol: x\r\n" +
        `sec-websocket-accept: ${ACCEPT}\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n` +
        "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    );
    const log = new Log();
    server.tunnel(1);
    feed(server, bytesOf("up"), log);
    server.send({ kind: "data", stream: 1, data: bytesOf("down"), credit: 0, end: true });
    assert.deepEqual(log.texts(), ['#1 body "up"']);
    assert.equal(takeText(server), "down");
    assert.equal(server.closing, true);
  });
}

Deno.test("websocket server: a client without a key gets no answer to it", () => {
  const server = answered(http2(204), strict, request(""));
  assert.equal(
    takeText(server),
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
  );
  server.tunnel(1);
});

Deno.test("websocket server: other answers, and other requests, are as ever", () => {
  const ordinary: [head: ResponseHead, text: string, start: string][] = [
    [http2(403, { framing: "stream" }), request(), "HTTP/1.1 403 Forbidden\r\n"],
    [responseHead(200, { framing: "length", contentLength: 0 }), request(), "HTTP/1.1 200 OK\r\n"],
    [http2(200, { framing: "stream" }), "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n"],
    [
      http2(200, { framing: "stream" }),
      request().replace("WebSocket\r\n", "chat\r\n"),
      "HTTP/1.1 200 OK\r\n",
    ],
  ];
  for (const [head, text, start] of ordinary) {
    const server = answered(head, strict, text);
    assert.ok(takeText(server).startsWith(start), start);
    assert.throws(() => server.tunnel(1), /without 101/);
  }
});

Deno.test("websocket server: the key is that of its own request", () => {
  const server = serverAfter(request());
  server.send({
    kind: "head",
    stream: 1,
    head: responseHead(404, { framing: "length", contentLength: 0 }),
    end: true,
  });
  feed(server, bytesOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), new Log());
  takeText(server);
  server.send({ kind: "head", stream: 2, head: http2(200, { framing: "stream" }), end: true });
  assert.equal(takeText(server), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
});
