// Whole exchanges through both roles: what the raw client sends is what the raw server gets, and back.
// A scenario is a list of steps: "<" the client sends, ">" the server sends, "<|" and ">|" they end.

import assert from "node:assert/strict";
import type { Http1Options } from "../../lib/http1/limits.ts";
import { own, strict } from "./drive.ts";
import { Relay } from "./relay.ts";

interface Scenario {
  name: string;
  rule: string;
  options?: Http1Options;
  steps: string[];
  /** What arrives; not given: exactly what the other side sent. */
  toServer?: string;
  toClient?: string;
  check?: (relay: Relay) => void;
}

const host = "Host: a\r\n\r\n";

const scenarios: Scenario[] = [
  {
    name: "GET",
    rule: "RFC 9110, 9.3.1",
    steps: [
      `<GET /x HTTP/1.1\r\nUser-Agent: u\r\n${host}`,
      ">HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok",
    ],
    check: (relay) => assert.ok(relay.client.canOpen && relay.server.idle),
  },
  {
    name: "HEAD",
    rule: "RFC 9110, 9.3.2",
    steps: [`<HEAD /x HTTP/1.1\r\n${host}`, ">HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"],
    check: (relay) => assert.ok(relay.client.canOpen && relay.server.idle),
  },
  {
    name: "204 and 304",
    rule: "RFC 9112, 6.3",
    steps: [
      `<GET /1 HTTP/1.1\r\n${host}`,
      ">HTTP/1.1 204 No Content\r\n\r\n",
      `<GET /2 HTTP/1.1\r\n${host}`,
      ">HTTP/1.1 304 Not Modified\r\nContent-Length: 2000\r\nETag: x\r\n\r\n",
    ],
    check: (relay) => assert.ok(relay.client.canOpen && relay.server.idle),
  },
  {
    name: "POST with a length, in pieces",
    rule: "RFC 9112, 6.2",
    steps: [
      "<POST / HTTP/1.1\r\nContent-Length: 6\r\n",
      `<${host}ab`,
      "<cd",
      "<ef",
      ">HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    ],
  },
  {
    name: "chunks with extensions and trailers, both ways",
    rule: "RFC 9112, 7.1",
    steps: [
      `<POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${host}`,
      "<3;a=b\r\nabc\r\n",
      "<0;end\r\nX-Sum: 1\r\n\r\n",
      ">HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
      ">1;c\r\n!\r\n0\r\nY-Sum: 2\r\ny-sum: 3\r\n\r\n",
    ],
  },
  {
    name: "a chunk that comes in pieces goes on in pieces",
    rule: "RFC 9112, 7.1",
    steps: [
      `<GET / HTTP/1.1\r\n${host}`,
      ">HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6;e\r\nab",
      ">cdef\r\n0\r\n\r\n",
    ],
    toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;e\r\nab\r\n4\r\ncdef\r\n0\r\n\r\n",
  },
  {
    name: "100-continue",
    rule: "RFC 9110, 10.1.1",
    steps: [
      `<PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n${host}`,
      ">HTTP/1.1 100 Continue\r\n\r\n",
      "<ok",
      ">HTTP/1.1 204 No Content\r\n\r\n",
    ],
  },
  {
    name: "103, twice",
    rule: "RFC 8297",
    steps: [
      `<GET / HTTP/1.1\r\n${host}`,
      ">HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
      ">HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    ],
  },
  {
    name: "an early response, then the rest of the upload",
    rule: "RFC 9112, 9.3",
    steps: [
      `<POST / HTTP/1.1\r\nContent-Length: 4\r\n${host}ab`,
      ">HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
      `<cd`,
      `<GET /2 HTTP/1.1\r\n${host}`,
      ">HTTP/1.1 204 No Content\r\n\r\n",
    ],
    check: (relay) => assert.ok(relay.client.canOpen && relay.server.idle),
  },
  {
    name: "pipelined",
    rule: "RFC 9112, 9.3.2",
    steps: [
      `<GET /1 HTTP/1.1\r\n${host}GET /2 HTTP/1.1\r\n${host}`,
      ">HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",
      ">HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2",
    ],
    check: (relay) => {
      const order = relay.said.map((text) => text.slice(0, 8));
      assert.deepEqual(order, ["< #1 GET", "> #1 HTT", "> #1 dat", "< #2 GET", "> #2 HTT", "> #2 dat"]);
    },
  },
  {
    name: "until the close",
    rule: "RFC 9112, 6.3",
    steps: [`<GET / HTTP/1.1\r\n${host}`, ">HTTP/1.1 200 OK\r\n\r\nab", ">cd", ">|"],
    check: (relay) => assert.ok(relay.server.closing && relay.client.closing && !relay.server.aborted),
  },
  {
    name: "HTTP/1.0",
    rule: "RFC 9112, C.2",
    steps: ["<GET / HTTP/1.0\r\n\r\n", ">HTTP/1.0 200 OK\r\n\r\nab", ">|"],
    check: (relay) => assert.ok(relay.server.closing && relay.client.closing),
  },
  {
    name: "HTTP/1.0 kept alive",
    rule: "RFC 9112, C.2.2",
    steps: [
      "<GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      ">HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
      "<GET /2 HTTP/1.0\r\n\r\n",
      ">HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\ncd",
    ],
    check: (relay) => assert.ok(relay.server.closing && relay.client.closing),
  },
  {
    name: "an HTTP/1.0 client and a chunked response",
    rule: "RFC 9112, 6.1",
    steps: [
      "<GET / HTTP/1.0\r\n\r\n",
      ">HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
      ">2\r\ncd\r\n0\r\nx: y\r\n\r\n",
    ],
    toClient: "HTTP/1.1 200 OK\r\n\r\nabcd",
    check: (relay) => assert.ok(relay.server.closing),
  },
  {
    name: "CONNECT, with bytes sent ahead, half-closed by the client",
    rule: "RFC 9110, 9.3.6",
    steps: [
      "<CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n\x16\x03",
      ">HTTP/1.1 200 Connected\r\n\r\n\0raw",
      "<more",
      "<|",
      ">answer",
      ">|",
    ],
    check: (relay) => assert.ok(relay.server.closing && relay.client.closing && !relay.server.aborted),
  },
  {
    name: "CONNECT refused",
    rule: "RFC 9110, 9.3.6",
    steps: [
      "<CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
      ">HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno",
      `<GET / HTTP/1.1\r\n${host}`,
      ">HTTP/1.1 204 No Content\r\n\r\n",
    ],
  },
  {
    name: "Upgrade, half-closed by the server",
    rule: "RFC 9110, 7.8",
    steps: [
      `<GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n${host}`,
      ">HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhi",
      "<one\n",
      ">|",
      "<two\n",
      "<|",
    ],
  },
  {
    name: "own: Upgrade",
    rule: "RFC 9110, 7.8",
    options: own,
    steps: [
      `<GET / HTTP/1.1\r\nConnection: Upgrade, X\r\nX: y\r\nUpgrade: echo\r\n${host}`,
      ">HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhi",
      "<one\n",
    ],
    toServer: `GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n${host}one\n`,
    toClient: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhi",
  },
  {
    name: "Upgrade declined",
    rule: "RFC 9110, 7.8",
    steps: [
      `<GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n${host}`,
      ">HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
    check: (relay) => assert.ok(relay.client.canOpen && relay.server.idle),
  },
  {
    name: "half-close by the client after the request",
    rule: "RFC 9112, 9.6",
    steps: [`<GET / HTTP/1.1\r\n${host}`, "<|", ">HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
    check: (relay) => assert.ok(relay.server.closing && !relay.server.aborted),
  },
  {
    name: "a response cut short is never a clean end",
    rule: "RFC 9112, 8",
    steps: [`<GET / HTTP/1.1\r\n${host}`, ">HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", ">|"],
    check: (relay) => assert.ok(relay.server.aborted && relay.said.at(-1) === "> #1 reset truncated 502"),
  },
  {
    name: "a chunked response cut short is never a clean end",
    rule: "RFC 9112, 8",
    steps: [
      `<GET / HTTP/1.1\r\n${host}`,
      ">HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      ">|",
    ],
    check: (relay) => assert.ok(relay.server.aborted),
  },
  {
    name: "an upload cut short is never a clean end",
    rule: "RFC 9112, 8",
    steps: [`<POST / HTTP/1.1\r\nContent-Length: 5\r\n${host}hel`, "<|"],
    check: (relay) => assert.ok(relay.client.aborted && !relay.server.closing),
  },
  {
    name: "own: two requests of which the second closes",
    rule: "RFC 9112, 9.6",
    options: own,
    steps: [
      `<GET / HTTP/1.1\r\nProxy-Connection: keep-alive\r\n${host}`,
      ">HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\n1",
      `<GET / HTTP/1.1\r\nConnection: close\r\n${host}`,
      ">HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2",
    ],
    toServer: `GET / HTTP/1.1\r\n${host}`.repeat(2),
    toClient:
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n2",
    check: (relay) => assert.ok(relay.server.closing && relay.client.canOpen),
  },
];

for (const scenario of scenarios) {
  Deno.test(`pair: ${scenario.name} (${scenario.rule})`, () => {
    const relay = new Relay(scenario.options ?? strict);
    let client = "";
    let server = "";
    for (const step of scenario.steps) {
      const text = step.slice(1);
      if (text === "|") step.startsWith("<") ? relay.fromClient(null) : relay.fromServer(null);
      else if (step.startsWith("<")) {
        client += text;
        relay.fromClient(text);
      } else {
        server += text;
        relay.fromServer(text);
      }
      // Nothing is kept back: each step is on the other side at once.
      if (scenario.toServer === undefined) assertArrived(relay.toServer, client);
      if (scenario.toClient === undefined) assertArrived(relay.toClient, server);
    }
    assert.equal(relay.toServer, scenario.toServer ?? client);
    assert.equal(relay.toClient, scenario.toClient ?? server);
    scenario.check?.(relay);
  });
}

/** What has arrived is a beginning of what was sent, and misses at most an incomplete head or a pipelined request. */
function assertArrived(arrived: string, sent: string): void {
  assert.ok(sent.startsWith(arrived), `${JSON.stringify(arrived)} is not how ${JSON.stringify(sent)} begins`);
}

Deno.test("pair: no scenario depends on how its bytes are cut", () => {
  for (const scenario of scenarios) {
    const relay = new Relay(scenario.options ?? strict);
    for (const step of scenario.steps) {
      const text = step.slice(1);
      const feed = (piece: string | null): void =>
        step.startsWith("<") ? relay.fromClient(piece) : relay.fromServer(piece);
      if (text === "|") feed(null);
      else for (const character of text) feed(character);
    }
    const chunked = scenario.steps.some((step) => step.includes("chunked"));
    if (!chunked) {
      const sent = (mark: string): string =>
        scenario.steps.filter((step) => step.startsWith(mark) && step.slice(1) !== "|").map((step) =>
          step.slice(1)
        ).join("");
      assert.equal(relay.toServer, scenario.toServer ?? sent("<"), scenario.name);
      assert.equal(relay.toClient, scenario.toClient ?? sent(">"), scenario.name);
    }
    scenario.check?.(relay);
  }
});
