// Origins that do wrong in HTTP/2: what harms nobody is forgiven and named once for each origin; what would corrupt loses
// its stream, or its connection, with the right code, and the flow record and the log name the rule.

import assert from "node:assert/strict";
import {
  CODE,
  codeName,
  data,
  type FieldLine,
  frame,
  headers,
  ping,
  pushPromise,
  readUint32,
  resetStream,
  SETTING,
  settings,
  settingsAck,
  TYPE,
  windowUpdate,
} from "../kit/http2_frames.ts";
import type { Http2Wire } from "../kit/http2_wire.ts";
import { curl } from "../kit/curl.ts";
import { peerTest } from "../kit/peers.ts";
import { Program } from "../e2e/program.ts";
import { startHttp2Origin } from "../kit/http2_wire.ts";
import { ByHand } from "./http2_by_hand.ts";

/** What an origin says to the request on stream 1. */
type Say = (wire: Http2Wire) => void;

const ok = (...more: FieldLine[]): FieldLine[] => [[":status", "200"], ...more];

interface Fault {
  say: Say;
  code: string;
  rule: string;
  /** What the origin is told with: RST_STREAM, and the connection goes on; or GOAWAY. */
  scope: "stream" | "connection";
}

const faults: Record<string, Fault> = {
  "DATA without a head": {
    say: (wire) => wire.send(data(1, "body", { end: true })),
    code: "PROTOCOL_ERROR",
    rule: "RFC 9113, 8.1",
    scope: "stream",
  },
  "a head without :status": {
    say: (wire) => wire.send(headers(1, [["x-a", "1"]], { end: true })),
    code: "PROTOCOL_ERROR",
    rule: "RFC 9113, 8.3.2",
    scope: "stream",
  },
  "less than its Content-Length": {
    say: (wire) => wire.send(headers(1, ok(["content-length", "10"])), data(1, "abc", { end: true })),
    code: "PROTOCOL_ERROR",
    rule: "RFC 9113, 8.1.1",
    scope: "stream",
  },
  "more than its Content-Length": {
    say: (wire) => wire.send(headers(1, ok(["content-length", "2"])), data(1, "abc", { end: true })),
    code: "PROTOCOL_ERROR",
    rule: "RFC 9113, 8.1.1",
    scope: "stream",
  },
  "pseudo-fields in trailers": {
    say: (wire) =>
      wire.send(headers(1, ok()), data(1, "abc"), headers(1, [[":status", "500"]], { end: true })),
    code: "PROTOCOL_ERROR",
    rule: "RFC 9113, 8.1",
    scope: "stream",
  },
  "a field value with a line break": {
    say: (wire) => wire.send(headers(1, ok(["x-a", "1\r\nx-b: 2"]), { end: true })),
    code: "PROTOCOL_ERROR",
    rule: "RFC 9113, 8.2.1",
    scope: "stream",
  },
  "a stream's window beyond all bounds": {
    say: (wire) => wire.send(windowUpdate(1, 2 ** 31 - 1), windowUpdate(1, 2 ** 31 - 1)),
    code: "FLOW_CONTROL_ERROR",
    rule: "RFC 9113, 6.9.1",
    scope: "stream",
  },
  "a field block that cannot be decoded": {
    say: (wire) => wire.send(headers(1, Uint8Array.of(0x80), { end: true })),
    code: "COMPRESSION_ERROR",
    rule: "RFC 7541, 6.1",
    scope: "connection",
  },
  "a frame that is too large": {
    say: (wire) => wire.send(headers(1, ok()), data(1, new Uint8Array(20_000), { end: true })),
    code: "FRAME_SIZE_ERROR",
    rule: "RFC 9113, 4.2",
    scope: "connection",
  },
  "the connection's window beyond all bounds": {
    say: (wire) => wire.send(windowUpdate(0, 2 ** 31 - 1)),
    code: "FLOW_CONTROL_ERROR",
    rule: "RFC 9113, 6.9.1",
    scope: "connection",
  },
  "a push nobody asked for": {
    say: (wire) => wire.send(pushPromise(1, 2, [[":method", "GET"], [":path", "/"]])),
    code: "PROTOCOL_ERROR",
    rule: "RFC 9113, 8.4",
    scope: "connection",
  },
  "a field block that is interrupted": {
    say: (wire) => wire.send(headers(1, ok(), { endHeaders: false }), ping()),
    code: "PROTOCOL_ERROR",
    rule: "RFC 9113, 6.10",
    scope: "connection",
  },
  "a setting out of range": {
    say: (wire) => wire.send(settings([SETTING.INITIAL_WINDOW_SIZE, 2 ** 31])),
    code: "FLOW_CONTROL_ERROR",
    rule: "RFC 9113, 6.5.2",
    scope: "connection",
  },
  "HEADERS on a stream that is not there": {
    say: (wire) => wire.send(headers(7, ok(), { end: true })),
    code: "PROTOCOL_ERROR",
    rule: "RFC 9113, 5.1",
    scope: "connection",
  },
};

for (const [name, { say, code, rule, scope }] of Object.entries(faults)) {
  Deno.test(`an origin's fault: ${name}`, async () => {
    await using bench = await ByHand.start("https");
    const client = await bench.open();
    client.send(bench.request(1, "/"));
    const origin = await bench.origin.connection();
    await origin.headers(1);
    say(origin);
    const told = await origin.frame(({ type }) =>
      type === (scope === "stream" ? TYPE.RST_STREAM : TYPE.GOAWAY)
    );
    const number = readUint32(told.payload, scope === "stream" ? 0 : 4);
    assert.equal(codeName(number), code);
    // The client learns of it: by a 502, or, when the head had gone out, by a reset; never by a good end.
    const end = await client.over(1);
    const { error, response } = await bench.flow("/");
    assert.deepEqual([error?.by, error?.code, error?.rule], ["server", code, rule]);
    if (response?.head.status === 200) assert.equal(end.type, TYPE.RST_STREAM);
    else assert.equal(response?.head.status, 502);
    // The client's connection is unharmed, and where it can be the origin's as well.
    client.send(bench.request(3, "/next"));
    const next = await bench.origin.connection(scope === "stream" ? 0 : 1);
    const stream = scope === "stream" ? 3 : 1;
    await next.headers(stream);
    next.send(headers(stream, [[":status", "204"]], { end: true }));
    assert.equal((await client.over(3)).type, TYPE.HEADERS);
    assert.equal((await bench.flow("/next")).response?.head.status, 204);
  });
}

interface Forgiven {
  say: Say;
  code: string;
  rule: string;
}

const forgiven: Record<string, Forgiven> = {
  "an upper-case field name": {
    say: (wire) => wire.send(headers(1, ok(["X-Upper", "1"]), { end: true })),
    code: "uppercase-field-name",
    rule: "RFC 9113, 8.2.1",
  },
  "a connection-specific field": {
    say: (wire) => wire.send(headers(1, ok(["connection", "keep-alive"], ["x-upper", "1"]), { end: true })),
    code: "connection-specific-field",
    rule: "RFC 9113, 8.2.2",
  },
  "an acknowledgement of nothing": {
    say: (wire) => wire.send(settingsAck, settingsAck, headers(1, ok(["x-upper", "1"]), { end: true })),
    code: "duplicate-settings-ack",
    rule: "RFC 9113, 6.5.3",
  },
};

for (const [name, { say, code, rule }] of Object.entries(forgiven)) {
  Deno.test(`an origin is forgiven, and it is said once: ${name}`, async () => {
    await using bench = await ByHand.start("https");
    for (const index of [0, 1]) {
      const client = await bench.open();
      client.send(bench.request(1, `/${index}`));
      const origin = await bench.origin.connection(index);
      await origin.headers(1);
      say(origin);
      await client.over(1);
      const { response, error } = await bench.flow(`/${index}`);
      assert.deepEqual([error, response?.head.status, response?.head.fields.get("x-upper")], [
        null,
        200,
        "1",
      ]);
      assert.ok(!client.log.some((line) => /RST_STREAM|GOAWAY/.test(line)), client.log.join());
    }
    const said = bench.proxy.logs.filter((entry) => entry.code === code);
    assert.deepEqual(said.map((entry) => entry.rule), [rule]);
    assert.match(said[0]?.message ?? "", new RegExp(`localhost`));
  });
}

Deno.test("WINDOW_UPDATE and RST_STREAM on a stream that is over, and frames after a reset, harm nobody", async () => {
  await using bench = await ByHand.start("https");
  const client = await bench.open();
  client.send(bench.request(1, "/one"));
  const origin = await bench.origin.connection();
  await origin.headers(1);
  origin.send(headers(1, ok(), { end: true }), windowUpdate(1, 100), resetStream(1, CODE.NO_ERROR));
  await client.over(1);
  client.send(bench.request(3, "/two"));
  await origin.headers(3);
  origin.send(resetStream(3, CODE.INTERNAL_ERROR), data(3, "late", { end: true }));
  assert.equal(codeName(readUint32((await client.over(3)).payload, 0)), "INTERNAL_ERROR");
  client.send(bench.request(5, "/three"));
  await origin.headers(5);
  origin.send(frame(0xb0, 0xff, 5, new Uint8Array(9)), headers(5, ok(), { end: true }));
  assert.equal((await client.over(5)).type, TYPE.HEADERS);
  assert.equal(bench.origin.connections.length, 1);
  assert.equal((await bench.flow("/three")).error, null);
});

peerTest(
  ["curl"],
  "the log of the program names what an origin did, the section, and what became of it",
  async () => {
    const answers: Say[] = [
      (wire) => wire.send(headers(1, ok(["X-Upper", "1"]), { end: true })),
      (wire) => wire.send(headers(1, ok(["content-length", "10"])), data(1, "abc", { end: true })),
      (wire) => wire.send(resetStream(1, CODE.ENHANCE_YOUR_CALM)),
    ];
    let asked = 0;
    await using origin = await startHttp2Origin({
      scheme: "https",
      onConnection: async (wire) => {
        await wire.headers(1);
        answers[asked++]?.(wire);
      },
    });
    await using program = await Program.start([]);
    const url = `https://localhost:${origin.port}`;
    const get = (path: string) =>
      curl({ args: ["--http2", "--proxy", program.url, "--cacert", program.caFile, `${url}${path}`] });
    assert.equal((await get("/upper")).code, 0);
    // 92: stream error in HTTP/2.
    assert.equal((await get("/short")).code, 92);
    await get("/calm");
    const text = await program.until(/\/calm .*ENHANCE_YOUR_CALM/);
    assert.match(text, /localhost.*X-Upper.*\(RFC 9113, 8\.2\.1\)|localhost.*upper.*\(RFC 9113, 8\.2\.1\)/i);
    assert.match(text, /\/short .*-> 200 .*error: .*\(RFC 9113, 8\.1\.1\)/);
  },
);
