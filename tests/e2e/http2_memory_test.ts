// A large body on one HTTP/2 stream, either way, whose far side gives no more credit for a while: what is under way stays
// bounded, the connection lives on meanwhile, and then everything arrives as it was sent. 256 MiB; 1 GiB with MITM_BIG=1.

import assert from "node:assert/strict";
import process from "node:process";
import { mebibytes } from "../proxy/memory_transfer.ts";
import { openHttp2Ends } from "../kit/http2_transfer.ts";
import { Program } from "./program.ts";

const MEBIBYTE = 1024 * 1024;
const SIZE = (process.env["MITM_BIG"] === "1" ? 1024 : 256) * MEBIBYTE;
/** What the far side takes before it stalls. */
const GRANTED = MEBIBYTE;
/** What may be under way beyond that: a stream's window as large as it is at first, and the system's socket buffers. */
const UNDER_WAY = 24 * MEBIBYTE;
/** How much the process may grow meanwhile, and until everything has gone through: mostly garbage that TLS leaves behind. */
const STALLED_GROWTH = 64 * MEBIBYTE;
const GROWTH = 128 * MEBIBYTE;

for (const direction of ["download", "upload"] as const) {
  Deno.test(`memory: ${SIZE / MEBIBYTE} MiB ${direction} on one stalled HTTP/2 stream: bounded, and whole`, async () => {
    await using program = await Program.start(["--detail", "0"]);
    const method = direction === "download" ? "GET" : "POST";
    const ca = await Deno.readTextFile(program.caFile);
    using ends = await openHttp2Ends(program.port, ca, method, GRANTED);
    const [from, to] = direction === "download" ? [ends.server, ends.client] : [ends.client, ends.server];
    const before = await program.memory();
    if (direction === "download") await ends.server.head([[":status", "200"]]);
    const sending = from.send(SIZE);
    sending.catch(() => {}); // Looked at below.
    const stalled = await from.stopped();
    const during = await program.memory();
    assert.equal(to.received, GRANTED);
    assert.ok(stalled - GRANTED <= UNDER_WAY, `${mebibytes(stalled)} were taken`);
    // The stream is stalled, not the connections.
    await Promise.all([from.ping(), to.ping()]);
    const started = performance.now();
    await to.grantAll();
    await sending;
    await to.endCame();
    const seconds = (performance.now() - started) / 1000;
    assert.equal(to.received, SIZE);
    if (direction === "upload") await ends.server.head([[":status", "204"]], true);
    await ends.client.endCame();
    const after = await program.memory();
    if (before === null || during === null || after === null) return;
    const grown = (bytes: number) => mebibytes(bytes - before.resident);
    console.log(
      `${direction}: under way ${mebibytes(stalled - GRANTED)}; resident ${
        mebibytes(before.resident)
      }, grown ` +
        `while stalled ${grown(during.resident)}, at the peak ${grown(after.peak)}, at the end ` +
        `${grown(after.resident)}; ${(SIZE / MEBIBYTE / seconds).toFixed(0)} MiB/s`,
    );
    assert.ok(during.resident - before.resident <= STALLED_GROWTH, `it grew by ${grown(during.resident)}`);
    assert.ok(after.peak - before.resident <= GROWTH, `it grew by ${grown(after.peak)}`);
  });
}
