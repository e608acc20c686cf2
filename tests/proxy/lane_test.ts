// One direction of an exchange: what waits behind a handler.

import assert from "node:assert/strict";
import type { HttpEvent } from "../../lib/http/connection.ts";
import { Turns } from "../../lib/net/driver.ts";
import { Lane } from "../../lib/proxy/lane.ts";

type DataEvent = HttpEvent & { kind: "data" };

function byte(value: number, end = false): DataEvent {
  return { kind: "data", stream: 1, data: Uint8Array.of(value), credit: 3, end };
}

Deno.test("lane: a body that comes byte by byte waits as a few pieces, with all its bytes and credit", async () => {
  const count = 200_000;
  const first = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const seen: DataEvent[] = [];
  const lane = new Lane(new Turns(), (event) => {
    if (event.kind !== "data") return first.promise;
    seen.push(event);
    if (event.end) over.resolve();
    return null;
  }, over.reject);
  lane.push({
    kind: "reset",
    stream: 1,
    fault: { scope: "stream", peer: "client", code: "x", status: 400, message: "", rule: "" },
  });
  for (let index = 0; index < count; index++) lane.push(byte(index & 0xff, index === count - 1));
  first.resolve();
  await over.promise;
  assert.ok(seen.length <= 70, `${seen.length} events`);
  assert.equal(seen.reduce((sum, { credit }) => sum + credit, 0), 3 * count);
  const bytes = seen.flatMap(({ data }) => [...data]);
  assert.equal(bytes.length, count);
  assert.ok(bytes.every((value, index) => value === (index & 0xff)));
});

Deno.test("lane: a few pieces that wait stay what they were", async () => {
  const first = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const seen: string[] = [];
  let isFirst = true;
  const lane = new Lane(new Turns(), (event) => {
    if (isFirst) {
      isFirst = false;
      return first.promise;
    }
    if (event.kind === "data") seen.push(event.data.join());
    if (event.kind === "data" && event.end) over.resolve();
    return null;
  }, over.reject);
  for (const value of [0, 1, 2]) lane.push(byte(value));
  lane.push(byte(3, true));
  first.resolve();
  await over.promise;
  assert.deepEqual(seen, ["1", "2", "3"]);
});

Deno.test("lane: what is dropped while it waits gives back all its credit", () => {
  const lane = new Lane(new Turns(), () => new Promise(() => {}), () => {});
  lane.push(byte(0));
  for (let index = 0; index < 1000; index++) lane.push(byte(index & 0xff));
  assert.equal(lane.close(), 3000);
});
