// WebSocket handshakes across versions, on the HTTP/2 leg: an Upgrade of HTTP/1 goes out as extended CONNECT, and a 101
// comes to an HTTP/2 client as 200 (RFC 8441, 4 and 5).

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import { data, type FieldLine, headers, readSettings, SETTING, TYPE } from "../kit/http2_frames.ts";
import {
  cancel,
  client,
  rawServer,
  requestHead,
  responseHead,
  responseLines,
  server,
  type Wire,
} from "./drive.ts";

const OFFER = [SETTING.ENABLE_CONNECT_PROTOCOL, 1] as const;

const upgrade = requestHead("GET", "/chat", {
  version: "HTTP/1.1",
  scheme: "",
  protocol: "websocket",
  fields: Fields.of(
    ["Host", "a"],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", "k"],
    ["Sec-WebSocket-Protocol", "x"],
  ),
});

// --- What a client sends, and what it makes of the answer ---

function asked(): Wire {
  const wire = client({}, OFFER);
  assert.equal(wire.request(upgrade), 1);
  return wire;
}

Deno.test("websocket: an Upgrade is sent as extended CONNECT, and its stream stays open", () => {
  const wire = asked();
  const [block] = wire.blocks(1);
  assert.deepEqual(block!.fields, [
    [":method", "CONNECT"],
    [":authority", "a"],
    [":scheme", "https"],
    [":path", "/chat"],
    [":protocol", "websocket"],
    ["sec-websocket-protocol", "x"],
  ]);
  assert.equal(block!.end, false);
});

Deno.test("websocket: 2xx opens the tunnel, with what came behind it", () => {
  const wire = asked().feed(
    headers(1, responseLines(200, ["sec-websocket-protocol", "x"])),
    data(1, "early"),
  );
  assert.deepEqual(wire.texts(), ["#1 200 {sec-websocket-protocol: x} none"]);
  wire.codec.tunnel(1);
  wire.turn().sendData(1, "up").feed(data(1, " late", { end: true }));
  assert.deepEqual(wire.texts().slice(1), ['#1 body "early late"', "#1 end"]);
  wire.sendData(1, "", true);
  assert.deepEqual(wire.sent().slice(-2), ["DATA #1 2", "DATA #1 0 end"]);
  wire.assertAlive();
});

Deno.test("websocket: any other answer is an ordinary one, and our side of the stream ends with it", () => {
  const wire = asked().feed(headers(1, responseLines(403)), data(1, "no", { end: true }));
  assert.deepEqual(wire.texts(), ["#1 403 {} stream", '#1 body "no"', "#1 end"]);
  assert.equal(wire.sent().at(-1), "DATA #1 0 end");
  wire.assertAlive();
});

Deno.test("websocket: to a server that offers no extended CONNECT it is a plain GET", () => {
  const wire = client();
  wire.request(upgrade);
  assert.deepEqual(wire.blocks(1)[0]!.fields[0], [":method", "GET"]);
  assert.equal(wire.blocks(1)[0]!.end, true);
});

// --- What a server offers, and sends ---

const webSocket: FieldLine[] = [
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":scheme", "https"],
  [":path", "/chat"],
  [":authority", "a"],
];

const switching = responseHead(101, {
  version: "HTTP/1.1",
  reason: "Switching Protocols",
  framing: "none",
  fields: Fields.of(
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", "s"],
    ["Sec-WebSocket-Protocol", "x"],
    ["Set-Cookie", "a=1"],
  ),
});

Deno.test("websocket: a server may offer extended CONNECT from the start, and says so once", () => {
  const wire = rawServer({ extendedConnect: true });
  wire.codec.offer({ push: false, extendedConnect: true });
  wire.turn();
  const said = wire.ofType(TYPE.SETTINGS).flatMap(({ payload }) => readSettings(payload));
  assert.deepEqual(said.filter(([id]) => id === SETTING.ENABLE_CONNECT_PROTOCOL), [[...OFFER]]);
  const open = server({ extendedConnect: true }).feed(headers(1, webSocket));
  assert.deepEqual(open.texts(), ["#1 CONNECT :protocol websocket https://a /chat {} end"]);
});

Deno.test("websocket: 101 is sent as 200 without what belongs to HTTP/1, and the tunnel opens", () => {
  const wire = server({ extendedConnect: true }).feed(headers(1, webSocket), data(1, "early"));
  wire.respond(1, switching);
  const [block] = wire.blocks(1);
  assert.deepEqual(block!.fields, [
    [":status", "200"],
    ["sec-websocket-protocol", "x"],
    ["set-cookie", "a=1"],
  ]);
  assert.equal(block!.end, false);
  wire.codec.tunnel(1);
  wire.turn().sendData(1, "down", true).feed(data(1, " late", { end: true }));
  assert.deepEqual(wire.texts().slice(1), ['#1 body "early late"', "#1 end"]);
  assert.equal(wire.sent().at(-1), "DATA #1 4 end");
  wire.assertAlive();
});

Deno.test("websocket: 101 for anything else still cannot be sent", () => {
  const wire = server().feed(
    headers(1, [[":method", "GET"], [":scheme", "https"], [":authority", "a"], [":path", "/"]], {
      end: true,
    }),
  );
  assert.throws(() => wire.respond(1, switching), TypeError);
});

Deno.test("websocket: a refusal is an ordinary answer", () => {
  const wire = server({ extendedConnect: true }).feed(headers(1, webSocket), data(1, "early"));
  wire.respond(1, responseHead(403, { framing: "length", contentLength: 2 }));
  wire.sendData(1, "no", true);
  assert.deepEqual(wire.sent().slice(-2), ["DATA #1 2 end", "RST_STREAM #1 NO_ERROR"]);
  wire.assertAlive();
});

Deno.test("websocket: a whole answer of 2xx is no tunnel, and its stream ends", () => {
  for (const body of ["", "page"]) {
    const wire = server({ extendedConnect: true }).feed(headers(1, webSocket), data(1, "early"));
    wire.respond(1, responseHead(200, { framing: "stream" }), body === "");
    if (body !== "") wire.sendData(1, body, true);
    assert.deepEqual(wire.blocks(1).map(({ end }) => end), [body === ""]);
    assert.equal(wire.sent().at(-1), "RST_STREAM #1 NO_ERROR");
    wire.assertAlive();
  }
});

Deno.test("websocket: what has no code of its own ends an open tunnel with CANCEL", () => {
  const wire = server({ extendedConnect: true }).feed(headers(1, webSocket));
  wire.respond(1, switching);
  wire.codec.tunnel(1);
  wire.sent();
  cancel(wire, 1, "server-gone");
  assert.deepEqual(wire.sent(), ["RST_STREAM #1 CANCEL"]);
});
