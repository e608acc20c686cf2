import assert from "node:assert/strict";
import { ReplayTransport } from "../../lib/proxy/replay_transport.ts";
import { bytesOf, Recorder } from "../net/memory_transport.ts";
import { settled } from "./memory_context.ts";

function started(chunks: string[], endsAfter: boolean, answer: (text: string) => boolean = () => true) {
  let moved = 0;
  const transport = new ReplayTransport({ chunks: chunks.map(bytesOf), endsAfter }, () => moved++);
  const recorder = new Recorder();
  recorder.answer = answer;
  transport.attach(recorder);
  return { transport, told: recorder.told, moved: () => moved };
}

Deno.test("replay transport: chunks are said in order, each by itself, once its handler is ready", async () => {
  const { transport, told, moved } = started(["a", "", "bc", "d"], true);
  assert.deepEqual(told, []);
  await settled();
  assert.deepEqual(told, ["a", "bc", "d", "<end>"]);
  assert.deepEqual([transport.hasSaidAll, transport.hasEnded, transport.isClosed], [true, true, false]);
  assert.equal(moved(), 3);
  transport.end();
  await settled();
  assert.deepEqual(told.at(-1), "<closed>");
});

Deno.test("replay transport: nothing is said while reading is paused, and the end waits behind it", async () => {
  const { transport, told } = started(["a", "b", "c"], true, (text) => text !== "b");
  await settled();
  assert.deepEqual([told, transport.hasSaidAll], [["a", "b"], false]);
  transport.pause();
  transport.finish();
  assert.deepEqual(told, ["a", "b"]);
  transport.resume();
  assert.deepEqual(told, ["a", "b", "c", "<end>"]);
});

Deno.test("replay transport: without an end of its own it ends when the server has, or when it is told", async () => {
  for (const how of ["end", "finish"] as const) {
    const { transport, told } = started(["a"], false);
    await settled();
    assert.deepEqual(told, ["a"]);
    transport[how]();
    transport[how]();
    await settled();
    assert.deepEqual(told, how === "end" ? ["a", "<end>", "<closed>"] : ["a", "<end>"]);
  }
});

Deno.test("replay transport: what is written is swallowed, one write at a time, until it is closed", async () => {
  const { transport, told, moved } = started([], false);
  let done = 0;
  transport.write(bytesOf("x"), () => done++);
  assert.equal(done, 0);
  await settled();
  assert.deepEqual([done, moved()], [1, 1]);
  transport.write(bytesOf("y"), () => done++);
  transport.reset();
  assert.deepEqual([told, transport.isClosed], [[], true]);
  await settled();
  assert.deepEqual([done, told], [1, ["<closed>"]]);
  transport.write(bytesOf("z"), () => done++);
  transport.close();
  transport.resume();
  await settled();
  assert.deepEqual([done, told], [1, ["<closed>"]]);
});

Deno.test("replay transport: a handler that closes it in the middle is told nothing more", async () => {
  const { transport, told } = started(["a", "b"], true, () => {
    transport.close();
    return true;
  });
  await settled();
  assert.deepEqual(told, ["a", "<closed>"]);
});
