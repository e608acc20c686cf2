// A long download over HTTP/2 from an origin that is far away: its stream's window grows with what is under way, so that
// the way is kept full. Told by the bytes that were under way at once, not by the time it took.

import assert from "node:assert/strict";
import { generatedArray, generatedHash } from "../interop/generated_bytes.ts";
import { curl } from "../kit/curl.ts";
import { startDelayingRelay } from "../kit/delaying_relay.ts";
import { startNginx } from "../kit/nginx_origin.ts";
import { peerTest } from "../kit/peers.ts";
import { Program } from "./program.ts";

const SIZE = 60_000_000;
/** Of each byte, in each direction, in milliseconds. */
const DELAY = 100;
/** Eight times what a stream's window is at first: 10 MB/s with this delay, which any machine brings about. */
const UNDER_WAY = 2 * 1024 * 1024;

peerTest(
  ["curl", "nginx"],
  `a download over ${DELAY} ms of delay is not held back by its windows`,
  async () => {
    await using nginx = await startNginx({ http2: true, files: { "long.bin": generatedArray(SIZE) } });
    await using relay = startDelayingRelay(nginx.tlsPort, DELAY);
    await using program = await Program.start(["--mode", `reverse:https://localhost:${relay.port}`]);
    const url = `https://localhost:${program.port}/long.bin`;
    const { code, bodyHash, messages } = await curl({ args: ["--http2", "--cacert", program.caFile, url] });
    assert.equal(code, 0, messages);
    assert.equal(bodyHash, generatedHash(SIZE));
    assert.ok(relay.mostUnderWay() >= UNDER_WAY, `only ${relay.mostUnderWay()} bytes were under way at once`);
  },
);
