import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import { fittingHead, replayRouting, whyNotReplayable } from "../../lib/proxy/replay_request.ts";
import { testSettings } from "../kit/proxy_fixture.ts";
import { requestTo } from "./replay_flows.ts";

const H2 = { version: "HTTP/2.0", scheme: "https" } as const;
const SUM = Fields.of(["X-Sum", "1"]);

Deno.test("replay: a head is made to fit its body, and what fits already stays as it is spelled", () => {
  const rows: [
    name: string,
    fields: [string, string][],
    length: number,
    trailers: boolean,
    h2: boolean,
    expected: unknown,
  ][] = [
    ["nothing, and nothing said", [], 0, false, false, ["none", null, []]],
    ["a length that fits", [["content-LENGTH", "005"]], 5, false, false, ["length", 5, [[
      "content-LENGTH",
      "005",
    ]]]],
    ["a length that does not", [["A", "1"], ["Content-length", "5"], ["B", "2"]], 12, false, false, [
      "length",
      12,
      [["A", "1"], ["Content-length", "12"], ["B", "2"]],
    ]],
    ["a length of nothing", [["Content-Length", "5"]], 0, false, false, ["length", 0, [[
      "Content-Length",
      "0",
    ]]]],
    ["a length that is none", [["Content-Length", "five"]], 5, false, false, ["length", 5, [[
      "Content-Length",
      "5",
    ]]]],
    ["two lengths", [["Content-Length", "5"], ["Content-Length", "5"]], 5, false, false, ["length", 5, [[
      "Content-Length",
      "5",
    ]]]],
    ["no length said", [["A", "1"]], 5, false, false, ["length", 5, [["A", "1"], ["Content-Length", "5"]]]],
    ["chunked", [["transfer-encoding", "Chunked"]], 5, false, false, ["chunked", null, [[
      "transfer-encoding",
      "Chunked",
    ]]]],
    ["chunked nothing", [["Transfer-Encoding", "chunked"]], 0, false, false, ["chunked", null, [[
      "Transfer-Encoding",
      "chunked",
    ]]]],
    ["chunked with a length", [["Transfer-Encoding", "chunked"], ["Content-Length", "5"]], 5, false, false, [
      "chunked",
      null,
      [["Transfer-Encoding", "chunked"]],
    ]],
    ["another coding", [["Transfer-Encoding", "gzip"]], 5, false, false, ["chunked", null, [[
      "Transfer-Encoding",
      "gzip, chunked",
    ]]]],
    ["trailers", [["Content-Length", "5"]], 5, true, false, ["chunked", null, [[
      "Transfer-Encoding",
      "chunked",
    ]]]],
    ["h2 nothing", [], 0, false, true, ["none", null, []]],
    ["h2 no length said", [], 5, false, true, ["stream", null, []]],
    ["h2 trailers alone", [], 0, true, true, ["stream", null, []]],
    ["h2 a length that does not fit", [["content-length", "4"]], 5, true, true, ["length", 5, [[
      "content-length",
      "5",
    ]]]],
  ];
  for (const [name, fields, length, hasTrailers, h2, expected] of rows) {
    const { head } = requestTo(80, "POST", "/", [], "", { fields: Fields.of(...fields), ...h2 ? H2 : {} });
    const before = [...head.fields];
    const fitting = fittingHead(head, length, hasTrailers ? SUM : null);
    assert.deepEqual([fitting.framing, fitting.contentLength, [...fitting.fields]], expected, name);
    assert.deepEqual([...head.fields], before, `${name}: the recorded head is left alone`);
  }
});

Deno.test("replay: what nobody would be there for cannot be replayed, nor what has no place to go", () => {
  const websocket = { protocol: "websocket", fields: Fields.of(["Upgrade", "websocket"]) };
  const rows: [RegExp | null, ReturnType<typeof requestTo>][] = [
    [null, requestTo(80, "GET", "/")],
    [null, requestTo(80, "GET", "/", [], "", { protocol: "chat" })],
    [/WebSocket/, requestTo(80, "GET", "/", [], "", websocket)],
    [/WebSocket/, requestTo(80, "CONNECT", "/", [], "", { ...H2, protocol: "websocket" })],
    [/CONNECT/, requestTo(80, "CONNECT", "x:1", [], "", { targetForm: "authority" })],
    [/host and port/, { ...requestTo(80, "GET", "/"), host: "" }],
    [/host and port/, requestTo(0, "GET", "/")],
    [/host and port/, requestTo(65_536, "GET", "/")],
    [/host and port/, requestTo(1.5, "GET", "/")],
  ];
  for (const [expected, request] of rows) {
    const why = whyNotReplayable(request);
    if (expected === null) assert.equal(why, null);
    else assert.match(why ?? "", expected);
    assert.ok(!why?.includes("\n"));
  }
});

Deno.test("replay: it goes to its origin in the way the first one went", () => {
  const regular = testSettings();
  const origin = { scheme: "http" as const, host: "127.0.0.1", port: 80 };
  const request = requestTo(80, "GET", "/");
  assert.deepEqual(replayRouting(regular, request), { kind: "tunnel", origin, serverName: null });
  const absolute = requestTo(80, "GET", "http://x/", [], "", { targetForm: "absolute" });
  assert.deepEqual(replayRouting(regular, absolute), { kind: "explicit" });
  const mode = { kind: "reverse", scheme: "http", host: "other", port: 1 } as const;
  const reverse = testSettings({ mode, keepHostHeader: true });
  assert.deepEqual(replayRouting(reverse, request), { kind: "reverse", origin, keepHost: true });
});

Deno.test("replay: TLS asks for the name that was asked for, where that can be known", () => {
  const settings = testSettings();
  const nameFor = (host: string, authority: string, serverName?: string | null) => {
    const request = { ...requestTo(443, "GET", "/", [], "", { authority }), host };
    const routing = replayRouting(settings, serverName === undefined ? request : { ...request, serverName });
    return routing.kind === "tunnel" ? routing.serverName : undefined;
  };
  assert.equal(nameFor("a.example", "b.example"), null, "the host");
  assert.equal(nameFor("192.0.2.1", "b.example:8443"), "b.example");
  assert.equal(nameFor("192.0.2.1", "192.0.2.1"), null);
  assert.equal(nameFor("192.0.2.1", ""), null);
  assert.equal(nameFor("192.0.2.1", "b.example", "c.example"), "c.example");
  assert.equal(nameFor("192.0.2.1", "b.example", null), null);
});
