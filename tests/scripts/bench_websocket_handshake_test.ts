// scripts/bench_websocket_handshake.ts: client and origin of the bench agree, and notice a proxy that does not.

import assert from "node:assert/strict";
import { upgradeFault, upgradeRequest, upgradeResponse } from "../../scripts/bench_websocket_handshake.ts";

/** Of RFC 6455, 1.3. */
const key = "dGhlIHNhbXBsZSBub25jZQ==";

function responseTo(deflate: boolean): string {
  return upgradeResponse(upgradeRequest("localhost:1", key, deflate)) ?? "";
}

Deno.test("bench WebSocket handshake: the origin's answer is the one the client expects", () => {
  assert.match(responseTo(false), /^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/m);
  for (const deflate of [false, true]) assert.equal(upgradeFault(responseTo(deflate), key, deflate), null);
});

Deno.test("bench WebSocket handshake: names in any case", () => {
  const request = upgradeRequest("localhost:1", key, true).toLowerCase().replace(key.toLowerCase(), key);
  assert.equal(upgradeFault(upgradeResponse(request) ?? "", key, true), null);
});

Deno.test("bench WebSocket handshake: an ordinary request is none", () => {
  assert.equal(upgradeResponse("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), null);
});

Deno.test("bench WebSocket handshake: every other answer is told", () => {
  const rows: [string, boolean, RegExp][] = [
    ["HTTP/1.1 502 Bad Gateway\r\n\r\n", false, /"HTTP\/1\.1 502 Bad Gateway"/],
    [responseTo(false).replace("s3pP", "s3pQ"), false, /Sec-WebSocket-Accept is wrong/],
    [responseTo(false), true, /permessage-deflate was not agreed on/],
    [responseTo(true), false, /was not offered/],
  ];
  for (const [response, deflate, pattern] of rows) {
    assert.match(upgradeFault(response, key, deflate) ?? "", pattern);
  }
});
