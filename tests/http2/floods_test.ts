// Frames that cost a peer nothing and us something: ENHANCE_YOUR_CALM after a bounded number of bytes, and not before
// (RFC 9113, 10.5).

import assert from "node:assert/strict";
import { defaultHttp2Limits } from "../../lib/http2/limits.ts";
import {
  data,
  frame,
  goAway,
  headers,
  ping,
  priority,
  priorityUpdate,
  SETTING,
  settings,
  settingsAck,
  windowUpdate,
} from "../kit/http2_frames.ts";
import {
  client,
  requestHead,
  requestLines,
  responseHead,
  responseLines,
  server,
  type Wire,
} from "./drive.ts";
import { assertCalmed, flood } from "./flooding.ts";

const limits = defaultHttp2Limits;
const get = (stream: number): Uint8Array => headers(stream, requestLines("GET", "/"), { end: true });
const post = (stream: number): Uint8Array => headers(stream, requestLines("POST", "/"));

/** What costs the peer nothing and us something. `open`: with stream 1 open. */
const floods: [name: string, open: boolean, next: (count: number) => Uint8Array][] = [
  ["PING", false, () => ping()],
  ["answers to PING", false, () => ping("12345678", true)],
  ["empty SETTINGS", false, () => settings()],
  ["SETTINGS", false, (count) => settings([SETTING.INITIAL_WINDOW_SIZE, 1000 + count % 2])],
  ["acknowledgements", false, () => settingsAck],
  ["PRIORITY", false, (count) => priority(1 + 2 * (count % 1000), 0)],
  ["WINDOW_UPDATE of the connection", false, () => windowUpdate(0, 1)],
  ["WINDOW_UPDATE of a stream", true, () => windowUpdate(1, 1)],
  ["empty DATA", true, () => data(1, "")],
  ["DATA of padding", true, () => data(1, "", { pad: 3 })],
  ["unknown frames", false, () => frame(0x77, 0, 0)],
  ["unknown frames with a payload", false, () => frame(0x77, 0, 0, new Uint8Array(1000))],
  ["GOAWAY", true, () => goAway(2 ** 31 - 1, 0)],
];

for (const role of ["server", "client"] as const) {
  for (const [name, open, next] of floods) {
    Deno.test(`flood, ${role}: ${name}`, () => {
      const wire: Wire = role === "server" ? server() : client();
      if (role === "client") {
        wire.request(requestHead("GET", "/"));
        if (open) wire.feed(headers(1, responseLines(200)));
      } else if (open) wire.feed(post(1));
      const { bytes, count } = flood(wire, limits.overhead + 4096, next);
      assertCalmed(wire);
      // It is not stopped before it is one, either.
      assert.ok(count > 100 && bytes > limits.overhead / 2, `${count} pieces, ${bytes} bytes`);
    });
  }
}

Deno.test("flood, server: PRIORITY_UPDATE", () => {
  const wire = server({ priority: true }).feed(post(1));
  flood(wire, limits.overhead + 4096, (count) => priorityUpdate(1, `u=${count % 8}`));
  assertCalmed(wire);
});

Deno.test("flood: what is worth something pays for what is not", () => {
  const overhead = 10_000;
  const wire = server({ limits: { overhead } }).feed(post(1));
  // A PING after each 100 bytes of data, ten times what would be a flood.
  for (let sent = 0; sent < 10 * overhead; sent += 17) wire.feed(data(1, new Uint8Array(100)), ping());
  wire.assertAlive();
  // A download whose reader opens the windows by 200 bytes at a time.
  const reader = server({ limits: { overhead } }).feed(get(1)).respond(1, responseHead(200));
  reader.sendData(1, new Uint8Array(1_000_000));
  for (let sent = 0; sent < 10 * overhead; sent += 26) {
    reader.feed(windowUpdate(1, 200), windowUpdate(0, 200));
  }
  reader.assertAlive();
});
