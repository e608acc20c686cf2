import assert from "node:assert/strict";
import { type FlowControl, type HookName, Hooks } from "../../lib/hooks/hooks.ts";
import { makeConnection, makeHttpFlow } from "../kit/records.ts";

const control: FlowControl = { answer: () => {}, kill: () => {}, setBody: () => {} };

function makeHooks() {
  const errors: [name: HookName, error: unknown][] = [];
  return { hooks: new Hooks((name, error) => errors.push([name, error])), errors };
}

Deno.test("a hook point nobody listens to costs nothing: has says no, run returns null", () => {
  const { hooks } = makeHooks();
  assert.equal(hooks.has("requestHead"), false);
  assert.equal(hooks.run("requestHead", makeHttpFlow(), control), null);
});

Deno.test("handlers run in the order they were added, with the facts, and synchronous ones at once", () => {
  const { hooks } = makeHooks();
  const flow = makeHttpFlow();
  const calls: string[] = [];
  hooks.on("requestHead", (seen, given) => {
    assert.equal(seen, flow);
    assert.equal(given, control);
    calls.push("first");
  });
  hooks.on("requestHead", () => void calls.push("second"));
  hooks.on("responseHead", () => void calls.push("another point"));
  assert.equal(hooks.run("requestHead", flow, control), null);
  assert.deepEqual(calls, ["first", "second"]);
});

Deno.test("a removed handler is not called; removing twice harms nobody; the last one leaves no listener", () => {
  const { hooks } = makeHooks();
  const calls: string[] = [];
  const removeFirst = hooks.on("clientConnected", () => void calls.push("first"));
  const removeSecond = hooks.on("clientConnected", () => void calls.push("second"));
  removeFirst();
  removeFirst();
  hooks.run("clientConnected", makeConnection());
  assert.deepEqual(calls, ["second"]);
  removeSecond();
  assert.equal(hooks.has("clientConnected"), false);
});

Deno.test("the same function added twice is two listeners", () => {
  const { hooks } = makeHooks();
  let calls = 0;
  const handler = () => void calls++;
  const remove = hooks.on("clientConnected", handler);
  hooks.on("clientConnected", handler);
  remove();
  hooks.run("clientConnected", makeConnection());
  assert.equal(calls, 1);
});

Deno.test("a run goes on with the handlers it began with, whoever is added or removed meanwhile", () => {
  const { hooks } = makeHooks();
  const calls: string[] = [];
  hooks.on("clientConnected", () => {
    calls.push("first");
    removeSecond();
    hooks.on("clientConnected", () => void calls.push("late"));
  });
  const removeSecond = hooks.on("clientConnected", () => void calls.push("second"));
  hooks.run("clientConnected", makeConnection());
  assert.deepEqual(calls, ["first", "second"]);
  hooks.run("clientConnected", makeConnection());
  assert.deepEqual(calls, ["first", "second", "first", "late"]);
});

Deno.test("a promise holds: the next handler runs when it resolves, and run resolves after the last", async () => {
  const { hooks } = makeHooks();
  const calls: string[] = [];
  const gate = Promise.withResolvers<void>();
  hooks.on("requestHead", async () => {
    calls.push("holding");
    await gate.promise;
    calls.push("resumed");
  });
  hooks.on("requestHead", () => void calls.push("second"));
  hooks.on("requestHead", async () => {
    await Promise.resolve();
    calls.push("third");
  });
  const run = hooks.run("requestHead", makeHttpFlow(), control);
  assert.ok(run instanceof Promise);
  assert.deepEqual(calls, ["holding"]);
  gate.resolve();
  await run;
  assert.deepEqual(calls, ["holding", "resumed", "second", "third"]);
});

Deno.test("a handler that throws or rejects is reported with its point and skipped; the others run", async () => {
  const { hooks, errors } = makeHooks();
  const calls: string[] = [];
  const thrown = new Error("thrown");
  const rejected = new Error("rejected");
  hooks.on("responseHead", () => {
    throw thrown;
  });
  hooks.on("responseHead", () => Promise.reject(rejected));
  hooks.on("responseHead", () => {
    calls.push("last");
    throw thrown;
  });
  await hooks.run("responseHead", makeHttpFlow(), control);
  assert.deepEqual(calls, ["last"]);
  assert.deepEqual(errors, [["responseHead", thrown], ["responseHead", rejected], ["responseHead", thrown]]);
});

Deno.test("one that throws does not turn a synchronous run into a promise", () => {
  const { hooks, errors } = makeHooks();
  hooks.on("responseHead", () => {
    throw new Error("thrown");
  });
  assert.equal(hooks.run("responseHead", makeHttpFlow(), control), null);
  assert.equal(errors.length, 1);
});

Deno.test("wantsBody asks each listener that can want one, until the first that does", () => {
  const { hooks, errors } = makeHooks();
  const flow = makeHttpFlow();
  const asked: string[] = [];
  assert.equal(hooks.wantsBody("request", flow), false);
  hooks.on("request", () => {});
  assert.equal(hooks.wantsBody("request", flow), false);
  hooks.on("request", () => {}, {
    holdBody: (seen) => {
      assert.equal(seen, flow);
      asked.push("no");
      return false;
    },
  });
  assert.equal(hooks.wantsBody("request", flow), false);
  hooks.on("request", () => {}, {
    holdBody: () => {
      throw new Error("thrown");
    },
  });
  assert.equal(hooks.wantsBody("request", flow), false);
  assert.equal(errors.length, 1);
  const remove = hooks.on("request", () => {}, { holdBody: () => asked.push("yes") > 0 });
  hooks.on("request", () => {}, { holdBody: () => asked.push("not asked") > 0 });
  asked.length = 0;
  assert.equal(hooks.wantsBody("request", flow), true);
  assert.deepEqual(asked, ["no", "yes"]);
  assert.equal(hooks.wantsBody("response", flow), false);
  remove();
});
