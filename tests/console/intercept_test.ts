// What is held, in which order it goes on, and what is never asked about.

import assert from "node:assert/strict";
import { Intercept } from "../../lib/console/intercept.ts";
import { type CompiledFilter, compileFilter } from "../../lib/filter/compile.ts";
import { FilterError } from "../../lib/filter/filter_error.ts";
import type { HttpFlow } from "../../lib/flow/record.ts";
import {
  type FlowControl,
  Hooks,
  type MessageControl,
  type WebSocketMessageControl,
} from "../../lib/hooks/hooks.ts";
import {
  makeHttpFlow,
  makeTcpFlow,
  makeTcpMessage,
  makeWebSocket,
  makeWebSocketMessage,
} from "../kit/records.ts";

// Nothing is done with them here.
const CONTROL = {} as FlowControl & MessageControl & WebSocketMessageControl;

function filterOf(text: string): CompiledFilter {
  const filter = compileFilter(text);
  assert.ok(!(filter instanceof FilterError));
  return filter;
}

function makeIntercept(text: string) {
  const hooks = new Hooks((_name, error) => assert.fail(String(error)));
  const intercept = new Intercept(hooks, () => {});
  intercept.filter = filterOf(text);
  return { hooks, intercept };
}

/** Whether what was asked goes on by now. */
async function goesOn(pending: Promise<void> | null): Promise<boolean> {
  if (pending === null) return true;
  let isOver = false;
  void pending.then(() => isOver = true);
  // Handlers run in turns of their own.
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return isOver;
}

Deno.test("intercept: without a filter nothing is asked", () => {
  const { hooks, intercept } = makeIntercept("~all");
  assert.ok(hooks.has("request") && hooks.has("websocketMessage") && hooks.has("tcpMessage"));
  intercept.filter = null;
  for (const name of ["request", "response", "websocketMessage", "tcpMessage", "httpEnded"] as const) {
    assert.equal(hooks.has(name), false, name);
  }
});

Deno.test("intercept: what matches is held, and only that", async () => {
  const { hooks, intercept } = makeIntercept("~m POST");
  const post = makeHttpFlow({ request: { method: "POST" }, response: null, took: null });
  assert.equal(hooks.run("request", makeHttpFlow(), CONTROL), null);
  const pending = hooks.run("request", post, CONTROL);
  assert.equal(await goesOn(pending), false);
  assert.deepEqual([intercept.size, intercept.heldOf(post)?.kind], [1, "request"]);
  assert.equal(intercept.resume(post), true);
  assert.equal(await goesOn(pending), true);
  assert.deepEqual([intercept.size, intercept.heldOf(post), intercept.resume(post)], [0, null, false]);
});

Deno.test("intercept: bodies and messages are waited for where what they hold is asked about", () => {
  const flow = makeHttpFlow({ websocket: makeWebSocket() });
  const asked = (text: string) => {
    const { hooks } = makeIntercept(text);
    return [hooks.wantsBody("request", flow), hooks.wantsMessage(flow, makeWebSocketMessage())];
  };
  assert.deepEqual(asked("~d example"), [true, true]);
  assert.deepEqual(asked("~d other"), [false, false]);
  assert.deepEqual(asked("~b word"), [true, true]);
});

Deno.test("intercept: a message is judged by its own content; pings and what was injected are not held", () => {
  const { hooks, intercept } = makeIntercept("~b secret");
  const earlier = makeWebSocketMessage({ body: "a secret" });
  const flow = makeHttpFlow({ websocket: makeWebSocket({ messages: [earlier] }) });
  const run = (parts: Parameters<typeof makeWebSocketMessage>[0]) =>
    hooks.run("websocketMessage", flow, makeWebSocketMessage(parts), CONTROL);
  assert.equal(run({ body: "nothing" }), null);
  assert.equal(run({ body: "secret", type: "ping" }), null);
  assert.equal(run({ body: "secret", injected: true }), null);
  assert.notEqual(run({ body: "secret" }), null);
  const tcp = makeTcpFlow({ messages: [makeTcpMessage("a secret")] });
  assert.equal(hooks.run("tcpMessage", tcp, makeTcpMessage("nothing"), CONTROL), null);
  assert.notEqual(hooks.run("tcpMessage", tcp, makeTcpMessage("secret"), CONTROL), null);
  assert.equal(intercept.size, 2);
  intercept.close();
});

Deno.test("intercept: of one flow what came first goes first; all may go at once", async () => {
  const { hooks, intercept } = makeIntercept("~tcp");
  const flow = makeTcpFlow();
  const other = makeTcpFlow({ id: 9 });
  const [first, second] = ["1", "2"].map((text) =>
    hooks.run("tcpMessage", flow, makeTcpMessage(text), CONTROL)
  );
  const third = hooks.run("tcpMessage", other, makeTcpMessage("3"), CONTROL);
  intercept.resume(flow);
  assert.deepEqual([await goesOn(first!), await goesOn(second!), await goesOn(third)], [true, false, false]);
  assert.equal(intercept.resumeAll(), 2);
  assert.deepEqual([await goesOn(second!), await goesOn(third), intercept.size], [true, true, 0]);
});

const lettingGo: readonly [
  name: string,
  act: (intercept: Intercept, hooks: Hooks, flow: HttpFlow) => void,
][] = [
  ["the flow ends", (_intercept, hooks, flow) => void hooks.run("httpEnded", flow)],
  ["the console closes", (intercept) => intercept.close()],
];
for (const [name, act] of lettingGo) {
  Deno.test(`intercept: ${name}: nothing of it waits any more`, async () => {
    const { hooks, intercept } = makeIntercept("~all");
    const flow = makeHttpFlow({ took: null });
    const pending = hooks.run("response", flow, CONTROL);
    act(intercept, hooks, flow);
    assert.deepEqual([await goesOn(pending), intercept.size], [true, 0]);
  });
}

Deno.test("intercept: another filter, or none, keeps what is held already", async () => {
  const { hooks, intercept } = makeIntercept("~all");
  const flow = makeHttpFlow({ took: null });
  const pending = hooks.run("request", flow, CONTROL);
  intercept.filter = null;
  assert.deepEqual([await goesOn(pending), intercept.size], [false, 1]);
  assert.equal(hooks.run("request", makeHttpFlow(), CONTROL), null);
  intercept.resume(flow);
  assert.deepEqual([await goesOn(pending), hooks.has("request")], [true, false]);
});
