import assert from "node:assert/strict";
import { FlowStore } from "../../lib/flow/store.ts";
import { type MessageEdit, MessageTap } from "../../lib/proxy/message_tap.ts";
import { makeHttpFlow, makeTcpFlow } from "../kit/records.ts";
import { bytes, text } from "./hooks_holding.ts";

function tapped(limit: number) {
  const store = new FlowStore({ byteBudget: 1 << 30, flowLimit: 10 });
  const flow = makeTcpFlow({ took: null, bytesFromClient: 0, bytesFromServer: 0 });
  store.add(flow);
  return { store, flow, bare: store.bytes, tap: new MessageTap(flow, store, limit) };
}

const edit = (parts: Partial<MessageEdit>): MessageEdit => ({ content: null, dropped: false, ...parts });

Deno.test("a chunk is a message with a copy of its bytes, counted by direction", () => {
  const { flow, tap } = tapped(10_000);
  const chunk = bytes("hello");
  const message = tap.record(true, chunk, false);
  tap.record(false, bytes("yo"), true);
  chunk.fill(0);
  assert.equal(flow.messages[0], message);
  assert.deepEqual(flow.messages.map(({ content }) => text(content)), ["hello", "yo"]);
  assert.deepEqual(flow.messages.map(({ fromClient }) => fromClient), [true, false]);
  assert.deepEqual(flow.messages.map(({ injected }) => injected), [false, true]);
  assert.deepEqual([flow.bytesFromClient, flow.bytesFromServer], [5, 2]);
});

Deno.test("past the capture limit messages are cut, then left out and counted", () => {
  const { flow, tap } = tapped(250);
  for (let count = 0; count < 5; count++) tap.record(true, bytes("x".repeat(100)), false);
  assert.deepEqual(flow.messages.map(({ content, length }) => [content.length, length]), [[100, 100], [
    54,
    100,
  ]]);
  assert.equal(flow.messagesDropped, 3);
  assert.equal(flow.bytesFromClient, 500);
});

Deno.test("a flow of single bytes is bounded too", () => {
  const { flow, store, bare, tap } = tapped(10_000);
  for (let count = 0; count < 2_000; count++) tap.record(true, bytes("x"), false);
  assert.ok(flow.messages.length < 200);
  assert.equal(flow.messages.length + flow.messagesDropped, 2_000);
  assert.ok(store.bytes - bare <= 10_000 + 100);
});

Deno.test("a message for a hook is whole until it is applied, whatever the limit; then what fits is kept", () => {
  const { flow, store, bare, tap } = tapped(20);
  const data = bytes("much more than twenty bytes");
  const first = tap.record(true, data, false, true);
  assert.equal(text(first.content), text(data));
  assert.equal(tap.apply(first, edit({}), data), data);
  assert.ok(first.content.length <= 20);
  assert.deepEqual([first.length, first.edited], [data.length, false]);
  const second = tap.record(true, data, false, true);
  assert.equal(text(second.content), text(data));
  const forwarded = tap.apply(second, edit({ content: bytes("other") }), data);
  assert.equal(text(forwarded), "other");
  assert.deepEqual([flow.messages.length, flow.messagesDropped], [1, 1]);
  store.clear();
  assert.ok(bare > 0 && store.bytes === 0);
});

Deno.test("an edited message is what is forwarded; a dropped one keeps what came", () => {
  const { flow, store, bare, tap } = tapped(10_000);
  const data = bytes("hello");
  const message = tap.record(false, data, false, true);
  const weighed = store.bytes - bare;
  assert.equal(text(tap.apply(message, edit({ content: bytes("good bye") }), data)), "good bye");
  assert.deepEqual([text(message.content), message.length, message.edited], ["good bye", 8, true]);
  assert.equal(store.bytes - bare, weighed + 3);
  const dropped = tap.record(false, data, false, true);
  assert.equal(tap.apply(dropped, edit({ dropped: true }), data).length, 0);
  assert.deepEqual([text(dropped.content), dropped.dropped, dropped.edited], ["hello", true, false]);
  assert.equal(flow.messages.length, 2);
  store.delete(flow.id);
  assert.equal(store.bytes, 0);
});

Deno.test("a flow that fell out of the store captures no further messages", () => {
  const { flow, store, tap } = tapped(10_000);
  tap.record(true, bytes("kept"), false);
  store.clear();
  assert.deepEqual([flow.messages.length, flow.messagesDropped], [0, 1]);
  const message = tap.record(true, bytes("not kept"), false, true);
  assert.equal(text(message.content), "not kept");
  tap.apply(message, edit({ content: bytes("edited") }), bytes("not kept"));
  assert.deepEqual([flow.messages.length, flow.messagesDropped, store.bytes], [0, 2, 0]);
});

Deno.test("an HTTP flow gets its list of messages with the tap", () => {
  const store = new FlowStore({ byteBudget: 1 << 30, flowLimit: 10 });
  const flow = makeHttpFlow({ took: null });
  store.add(flow);
  assert.equal(flow.messages, null);
  new MessageTap(flow, store, 100).record(true, bytes("raw"), false);
  assert.equal(flow.messages!.length, 1);
});
