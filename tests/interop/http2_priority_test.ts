// Priorities that a client gives its requests (RFC 7540, 5.3; RFC 9218): kept from the origin, or with
// `http2_priority` forwarded, with the origin's ids in the place of the client's.

import assert from "node:assert/strict";
import {
  FLAG,
  type Frame,
  headers,
  priority,
  priorityUpdate,
  readUint32,
  TYPE,
} from "../kit/http2_frames.ts";
import type { Http2Wire } from "../kit/http2_wire.ts";
import { ByHand } from "./http2_by_hand.ts";

/** "dependency, weight" as they stand in PRIORITY and in HEADERS. */
function dependency(payload: Uint8Array): string {
  const on = readUint32(payload, 0);
  return `on ${on & 0x7fffffff}${on >>> 31 === 1 ? " alone" : ""} weight ${payload[4]! + 1}`;
}

/** All a connection was told of priorities, in order. */
function priorities(frames: readonly Frame[]): string[] {
  const told: string[] = [];
  for (const { type, flags, stream, payload } of frames) {
    if (type === TYPE.PRIORITY) told.push(`PRIORITY #${stream} ${dependency(payload)}`);
    else if (type === TYPE.HEADERS && (flags & FLAG.PRIORITY) !== 0) {
      told.push(`HEADERS #${stream} ${dependency(payload)}`);
    } else if (type === TYPE.PRIORITY_UPDATE) {
      told.push(`UPDATE #${readUint32(payload, 0)} ${new TextDecoder().decode(payload.subarray(4))}`);
    }
  }
  return told;
}

/** A client whose ids are not the origin's: its first requests do not get there. */
async function ask(bench: ByHand): Promise<{ client: Http2Wire; origin: Http2Wire }> {
  const client = await bench.open();
  const own = headers(
    1,
    [[":method", "GET"], [":scheme", "http"], [":authority", "mitm.it"], [":path", "/"]],
    {
      end: true,
    },
  );
  client.send(own);
  await client.over(1);
  client.send(bench.request(3, "/three", [], { priority: { on: 0, weight: 200 } }));
  const origin = await bench.origin.connection();
  await origin.headers(1);
  client.send(bench.request(5, "/five", [], { priority: { on: 3, exclusive: true, weight: 50 } }));
  await origin.headers(3);
  client.send(priority(3, 5, 7), priorityUpdate(5, "u=1, i"), bench.request(7, "/seven"));
  await origin.headers(5);
  for (const stream of [1, 3, 5]) origin.send(headers(stream, [[":status", "204"]], { end: true }));
  for (const stream of [3, 5, 7]) await client.over(stream);
  return { client, origin };
}

Deno.test("http2_priority: all that says what is important comes to the origin, with its ids", async () => {
  await using bench = await ByHand.start("http", { proxy: { http2Priority: true } });
  const { origin } = await ask(bench);
  assert.deepEqual(priorities(origin.frames), [
    "HEADERS #1 on 0 weight 200",
    "HEADERS #3 on 1 alone weight 50",
    "PRIORITY #1 on 3 weight 7",
    "UPDATE #3 u=1, i",
  ]);
});

Deno.test("priorities are kept from the origin without http2_priority", async () => {
  await using bench = await ByHand.start("http");
  const { origin } = await ask(bench);
  assert.deepEqual(priorities(origin.frames), []);
});

Deno.test("the priority field of a request is the client's own word and goes through (RFC 9218, 5)", async () => {
  await using bench = await ByHand.start("http");
  const client = await bench.open();
  client.send(bench.request(1, "/", [["priority", "u=5"]]));
  const origin = await bench.origin.connection();
  await origin.headers(1);
  origin.send(headers(1, [[":status", "204"]], { end: true }));
  await client.over(1);
  assert.equal((await bench.flow("/")).request.head.fields.get("priority"), "u=5");
});
