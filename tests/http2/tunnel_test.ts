// Streams as tunnels: CONNECT and extended CONNECT, half-closed from either side (RFC 9113, 8.5; RFC 8441).

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import {
  CODE,
  data,
  type FieldLine,
  headers,
  priority,
  resetStream,
  SETTING,
  settingsAck,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import {
  cancel,
  client,
  connectHead,
  requestHead,
  responseHead,
  responseLines,
  server,
  type Wire,
} from "./drive.ts";

const connectLines: FieldLine[] = [[":method", "CONNECT"], [":authority", "a:1"]];

/** A server with an open tunnel on stream 1. */
function serverTunnel(): Wire {
  const wire = server().feed(headers(1, connectLines)).respond(1, responseHead(200));
  wire.codec.tunnel(1);
  wire.texts().length = 0;
  wire.sentFrames();
  return wire;
}

/** A client with an open tunnel on stream 1. */
function clientTunnel(): Wire {
  const wire = client();
  assert.equal(wire.request(connectHead("a:1")), 1);
  wire.feed(headers(1, responseLines(200)));
  wire.codec.tunnel(1);
  wire.texts().length = 0;
  wire.sentFrames();
  return wire;
}

const both: [string, () => Wire][] = [["server", serverTunnel], ["client", clientTunnel]];

Deno.test("CONNECT: as it is sent", () => {
  const wire = client();
  wire.request(connectHead("example:443", { fields: Fields.of(["user-agent", "u"]) }));
  assert.deepEqual(wire.blocks(1)[0]!.fields, [
    [":method", "CONNECT"],
    [":authority", "example:443"],
    ["user-agent", "u"],
  ]);
  // The stream stays open, though there is nothing more to the head: a tunnel is to come.
  assert.equal(wire.blocks(1)[0]!.end, false);
});

Deno.test("CONNECT: 2xx does not end the stream", () => {
  const wire = server().feed(headers(1, connectLines)).respond(
    1,
    responseHead(200, { framing: "none" }),
    false,
  );
  assert.equal(wire.blocks(1)[0]!.end, false);
  assert.deepEqual(wire.texts(), ["#1 CONNECT ://a:1 a:1 {} end"]);
});

Deno.test("CONNECT: what the client sends ahead is kept until the tunnel is open, without credit", () => {
  const wire = server().feed(headers(1, connectLines), data(1, "ahead"));
  assert.equal(wire.credit, 0);
  assert.deepEqual(wire.texts(), ["#1 CONNECT ://a:1 a:1 {} end"]);
  wire.respond(1, responseHead(200));
  wire.codec.tunnel(1);
  wire.turn().feed(data(1, " and after"));
  assert.deepEqual(wire.texts().slice(1), ['#1 body "ahead and after"']);
  assert.equal(wire.credit, 15);
});

Deno.test("CONNECT: what the client sends ahead, and its end, are kept together", () => {
  const wire = server().feed(headers(1, connectLines), data(1, "all", { end: true }));
  wire.respond(1, responseHead(200));
  wire.codec.tunnel(1);
  wire.turn();
  assert.deepEqual(wire.texts().slice(1), ['#1 body "all"', "#1 end"]);
  wire.sendData(1, "answer", true);
  assert.equal(wire.sent().at(-1), "DATA #1 6 end");
});

Deno.test("CONNECT: what the client sends ahead is dropped when it is refused, and its credit comes back", () => {
  const wire = server();
  for (let stream = 1; stream < 400; stream += 2) {
    wire.feed(headers(stream, connectLines), data(stream, new Uint8Array(16_000)));
    wire.respond(stream, responseHead(403), true);
    wire.feed(data(stream, new Uint8Array(16_000), { end: true }));
    assert.ok(wire.observer.granted >= 30_000, `${wire.observer.granted} left`);
  }
  assert.equal(wire.texts().length, 200, "nothing but the requests");
  assert.equal(wire.ofType(TYPE.GOAWAY).length, 0);
});

Deno.test("CONNECT: a request that ends is a tunnel of one direction", () => {
  const wire = server().feed(headers(1, connectLines, { end: true }));
  assert.deepEqual(wire.texts(), ["#1 CONNECT ://a:1 a:1 {} end"]);
  wire.respond(1, responseHead(200));
  wire.codec.tunnel(1);
  wire.turn();
  assert.deepEqual(wire.texts().slice(1), ["#1 end"]);
  wire.sendData(1, "answer", true);
  assert.equal(wire.sent().at(-1), "DATA #1 6 end");
});

Deno.test("CONNECT: a 2xx that ends is a tunnel of one direction", () => {
  const wire = client();
  wire.request(connectHead("a:1"));
  wire.feed(headers(1, responseLines(200), { end: true }));
  wire.codec.tunnel(1);
  wire.turn();
  assert.ok(wire.texts().join("\n").includes("#1 200"));
  assert.ok(wire.texts().at(-1)!.endsWith("end"));
  wire.sendData(1, "on", true);
  assert.equal(wire.sent().at(-1), "DATA #1 2 end");
  assert.equal(wire.codec.canOpen, true);
});

Deno.test("CONNECT: a 2xx with a length has none (RFC 9110, 9.3.6)", () => {
  const wire = client();
  wire.request(connectHead("a:1"));
  wire.feed(headers(1, responseLines(200, ["content-length", "3"])));
  wire.codec.tunnel(1);
  wire.feed(data(1, "longer than that", { end: true }));
  assert.deepEqual(wire.texts().slice(1), ['#1 body "longer than that"', "#1 end"]);
  wire.assertAlive();
});

for (const [role, make] of both) {
  Deno.test(`tunnel, ${role}: bytes both ways`, () => {
    const wire = make().feed(data(1, "in"), windowUpdate(1, 10), priority(1, 0));
    wire.sendData(1, "out");
    assert.deepEqual(wire.texts(), ['#1 body "in"']);
    assert.deepEqual(wire.sent(), ["DATA #1 3"]);
  });

  Deno.test(`tunnel, ${role}: half-closed by the peer, then by us`, () => {
    const wire = make().feed(data(1, "last", { end: true }));
    assert.deepEqual(wire.texts(), ['#1 body "last"', "#1 end"]);
    wire.sendData(1, "still");
    wire.sendData(1, "", true);
    assert.deepEqual(wire.sent(), ["DATA #1 5", "DATA #1 0 end"]);
    wire.assertAlive();
  });

  Deno.test(`tunnel, ${role}: half-closed by us, then by the peer`, () => {
    const wire = make().sendData(1, "last", true);
    assert.deepEqual(wire.sent(), ["DATA #1 4 end"]);
    wire.feed(data(1, "still"), data(1, "", { end: true }));
    assert.deepEqual(wire.texts(), ['#1 body "still"', "#1 end"]);
    wire.assertAlive();
  });

  Deno.test(`tunnel, ${role}: HEADERS do not belong there`, () => {
    const wire = make().feed(headers(1, [["t", "u"]], { end: true }));
    assert.deepEqual(wire.sent(), ["RST_STREAM #1 PROTOCOL_ERROR"]);
    assert.deepEqual(wire.texts(), ["#1 reset stream PROTOCOL_ERROR"]);
    wire.assertAlive();
  });

  Deno.test(`tunnel, ${role}: a reset, with its code, in both directions`, () => {
    const wire = make().feed(resetStream(1, CODE.CONNECT_ERROR));
    assert.deepEqual(wire.texts(), ["#1 reset stream CONNECT_ERROR"]);
    const other = make();
    cancel(other, 1, "CONNECT_ERROR");
    assert.deepEqual(other.sent(), ["RST_STREAM #1 CONNECT_ERROR"]);
  });

  Deno.test(`tunnel, ${role}: windows, and no credit before it was consumed`, () => {
    const wire = make();
    wire.consumes = false;
    const { granted } = wire.observer.streams.get(1)!;
    wire.feed(data(1, new Uint8Array(16_384)), data(1, new Uint8Array(16_384)));
    assert.equal(wire.observer.streams.get(1)!.granted, granted - 32_768);
    assert.equal(
      wire.ofType(TYPE.WINDOW_UPDATE, 1).filter((frame) => wire.frames.indexOf(frame) > 5).length,
      0,
    );
    wire.sendData(1, new Uint8Array(100_000));
    const sent = wire.ofType(TYPE.DATA, 1).reduce((sum, { payload }) => sum + payload.length, 0);
    assert.equal(sent, 65_535);
  });

  Deno.test(`tunnel, ${role}: others go on beside it`, () => {
    const wire = make();
    if (wire.role === "client") {
      assert.equal(wire.request(requestHead("GET", "/")), 3);
      wire.feed(headers(3, responseLines(204), { end: true }), data(1, "x"));
      assert.deepEqual(wire.texts(), ["#3 204 {} end", '#1 body "x"']);
    } else {
      wire.feed(headers(3, connectLines)).respond(3, responseHead(200));
      wire.codec.tunnel(3);
      wire.feed(data(3, "y"), data(1, "x"));
      assert.deepEqual(wire.texts(), ["#3 CONNECT ://a:1 a:1 {} end", '#3 body "y"', '#1 body "x"']);
    }
  });
}

const webSocket = requestHead("CONNECT", "/chat?x", {
  protocol: "websocket",
  framing: "none",
  fields: Fields.of(["sec-websocket-version", "13"]),
});

Deno.test("extended CONNECT: as it is sent", () => {
  const wire = client({}, [SETTING.ENABLE_CONNECT_PROTOCOL, 1]);
  wire.request(webSocket);
  const block = wire.blocks(1)[0]!;
  assert.equal(block.end, false);
  assert.deepEqual(
    new Map(block.fields),
    new Map([
      [":method", "CONNECT"],
      [":protocol", "websocket"],
      [":scheme", "https"],
      [":authority", "a"],
      [":path", "/chat?x"],
      ["sec-websocket-version", "13"],
    ]),
  );
  wire.feed(headers(1, responseLines(200)));
  wire.codec.tunnel(1);
  wire.feed(data(1, "\x81\x02hi")).sendData(1, "\x88", true);
  assert.equal(wire.texts().at(-1), `#1 body ${JSON.stringify("\x81\x02hi")}`);
  assert.equal(wire.sent().at(-1), "DATA #1 1 end");
});

Deno.test("extended CONNECT: as it is taken, and what is read can be sent on", () => {
  const wire = server();
  wire.codec.offer({ push: false, extendedConnect: true });
  wire.turn().feed(settingsAck);
  const lines: FieldLine[] = [
    [":method", "CONNECT"],
    [":protocol", "websocket"],
    [":scheme", "https"],
    [":path", "/chat"],
    [":authority", "a"],
    ["origin", "https://b"],
  ];
  wire.feed(headers(1, lines));
  const event = wire.events.at(-1)!;
  assert.ok(event.kind === "head" && event.head.kind === "request");
  assert.equal(event.head.protocol, "websocket");
  assert.equal(event.head.path, "/chat");
  assert.equal(event.head.authority, "a");
  const to = client({}, [SETTING.ENABLE_CONNECT_PROTOCOL, 1]);
  to.request(event.head, event.end);
  assert.deepEqual(new Map(to.blocks(1)[0]!.fields), new Map(lines));
  wire.respond(1, responseHead(200));
  wire.codec.tunnel(1);
  wire.feed(data(1, "frame")).sendData(1, "frame", true);
  assert.equal(wire.texts().at(-1), '#1 body "frame"');
});
