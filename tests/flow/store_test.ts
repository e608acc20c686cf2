import assert from "node:assert/strict";
import fc from "fast-check";
import { BodyCapture } from "../../lib/flow/body_capture.ts";
import type { HttpFlow, TcpFlow } from "../../lib/flow/record.ts";
import { FlowStore, type StoreLimits } from "../../lib/flow/store.ts";
import { Fields } from "../../lib/http/fields.ts";
import { makeHttpFlow, makeTcpFlow, makeTcpMessage } from "../kit/records.ts";

const ROOMY: StoreLimits = { byteBudget: 1 << 30, flowLimit: 1_000 };

/** A flow under way, of which nothing has been captured yet. */
function running(id: number, cap = 1 << 20): HttpFlow {
  const flow = makeHttpFlow({ id, response: null, took: null });
  flow.request.body = new BodyCapture(cap);
  return flow;
}

function runningTcp(id: number): TcpFlow {
  return makeTcpFlow({ id, took: null });
}

/** Captures `size` bytes of the request body, as the tee does. */
function capture(store: FlowStore, flow: HttpFlow, size: number): void {
  store.grow(flow, flow.request.body.append(new Uint8Array(size)));
}

function end(store: FlowStore, flow: HttpFlow | TcpFlow): void {
  flow.endedAt = 1;
  store.end(flow);
}

const ids = (store: FlowStore) => [...store.flows()].map(({ id }) => id);

Deno.test("an empty store weighs nothing and knows nobody", () => {
  const store = new FlowStore(ROOMY);
  assert.deepEqual([store.size, store.bytes, store.dropped], [0, 0, 0]);
  assert.equal(store.get(1), undefined);
  assert.equal(store.has(running(1)), false);
  assert.equal(store.delete(1), false);
  assert.deepEqual(ids(store), []);
});

Deno.test("flows are found by id and listed oldest first", () => {
  const store = new FlowStore(ROOMY);
  const flows = [running(3), running(1), running(2)];
  for (const flow of flows) store.add(flow);
  assert.deepEqual(ids(store), [3, 1, 2]);
  assert.equal(store.get(1), flows[1]);
  assert.equal(store.has(flows[1]!), true);
  // Another record with the same id is another flow.
  assert.equal(store.has(running(1)), false);
});

Deno.test("over the count bound the oldest flow falls out, and is counted", () => {
  const store = new FlowStore({ ...ROOMY, flowLimit: 3 });
  for (let id = 1; id <= 5; id++) store.add(running(id));
  assert.deepEqual(ids(store), [3, 4, 5]);
  assert.equal(store.dropped, 2);
});

Deno.test("over the byte budget the oldest flows fall out, ended or not", () => {
  const store = new FlowStore({ ...ROOMY, byteBudget: 100_000 });
  const [first, second, third] = [running(1), running(2), running(3)];
  for (const flow of [first, second, third]) store.add(flow);
  capture(store, first, 40_000);
  end(store, first);
  capture(store, second, 40_000);
  assert.deepEqual(ids(store), [1, 2, 3]);
  capture(store, third, 40_000);
  assert.deepEqual(ids(store), [2, 3]);
  assert.ok(store.bytes <= 100_000);
  assert.ok(store.bytes >= 80_000);
  // The one that had ended keeps its bytes for whoever still looks at it.
  assert.equal(first.request.body.kept, 40_000);
});

Deno.test("a flow that falls out while it runs lets go of its captures, and nothing of it is counted any more", () => {
  const store = new FlowStore({ ...ROOMY, flowLimit: 2 });
  const flow = running(1);
  store.add(flow);
  capture(store, flow, 5_000);
  flow.response = makeHttpFlow().response!;
  flow.response.body = new BodyCapture(1 << 20);
  store.grow(flow, flow.response.body.append(new Uint8Array(7_000)));
  flow.messages = [makeTcpMessage("switched")];
  store.grow(flow, 8);
  const tcp = runningTcp(2);
  store.add(tcp);
  tcp.messages.push(makeTcpMessage("hello"), makeTcpMessage("again"));
  store.grow(tcp, 10);
  store.add(running(3));
  store.add(running(4));
  assert.equal(store.dropped, 2);
  assert.deepEqual([flow.request.body.kept, flow.request.body.length], [0, 5_000]);
  assert.deepEqual([flow.response.body.kept, flow.response.body.length], [0, 7_000]);
  assert.deepEqual([flow.messages, flow.messagesDropped], [[], 1]);
  assert.deepEqual([tcp.messages, tcp.messagesDropped], [[], 2]);
  const before = store.bytes;
  capture(store, flow, 5_000);
  store.grow(tcp, 1_000);
  end(store, flow);
  end(store, tcp);
  assert.equal(flow.request.body.kept, 0);
  assert.equal(store.bytes, before);
});

Deno.test("the newest flow stays, even when it alone is over the budget", () => {
  const store = new FlowStore({ ...ROOMY, byteBudget: 10_000 });
  const flow = running(1);
  store.add(flow);
  capture(store, flow, 50_000);
  assert.deepEqual([ids(store), store.dropped], [[1], 0]);
  store.add(running(2));
  assert.deepEqual([ids(store), store.dropped], [[2], 1]);
});

Deno.test("setLimits counts at once, and leaves what it was made with alone", () => {
  const limits = { ...ROOMY };
  const store = new FlowStore(limits);
  for (let id = 1; id <= 10; id++) store.add(running(id));
  store.setLimits({ flowLimit: 4 });
  assert.deepEqual([ids(store), store.dropped], [[7, 8, 9, 10], 6]);
  store.setLimits({ byteBudget: 1 });
  assert.deepEqual([ids(store), store.dropped], [[10], 9]);
  assert.deepEqual(limits, ROOMY);
});

Deno.test("a flow that is over is weighed with its heads: fields, target, trailers, interim responses", () => {
  const weigh = (flow: HttpFlow) => {
    const store = new FlowStore(ROOMY);
    flow.endedAt = null;
    store.add(flow);
    const before = store.bytes;
    end(store, flow);
    return store.bytes - before;
  };
  const bare = weigh(makeHttpFlow());
  const field = "x".repeat(1_000);
  const heads = [
    makeHttpFlow({ request: { fields: [["Host", "example.com"], ["X", field]] } }),
    makeHttpFlow({ request: { trailers: [["X", field]] } }),
    makeHttpFlow({ request: { target: `/${field}` } }),
    makeHttpFlow({ response: { fields: [["X", field]] } }),
    makeHttpFlow({ response: { trailers: [["X", field]] } }),
    makeHttpFlow({ interim: [{ status: 103, fields: [["X", field]] }] }),
  ];
  for (const flow of heads) assert.ok(weigh(flow) >= bare + 1_000, flow.request.head.target);
});

Deno.test("a deleted flow takes all of its weight along, and is not counted as dropped", () => {
  const store = new FlowStore(ROOMY);
  const ended = running(1);
  const open = running(2);
  for (const flow of [ended, open]) {
    store.add(flow);
    capture(store, flow, 3_000);
  }
  end(store, ended);
  assert.equal(store.delete(1), true);
  assert.equal(store.delete(1), false);
  assert.equal(store.delete(2), true);
  assert.deepEqual([store.size, store.bytes, store.dropped], [0, 0, 0]);
  assert.equal(open.request.body.kept, 0);
  capture(store, open, 3_000);
  end(store, open);
  assert.equal(store.bytes, 0);
});

Deno.test("an edit after the end changes nothing of what a flow is weighed with", () => {
  const store = new FlowStore(ROOMY);
  const flow = running(1);
  store.add(flow);
  end(store, flow);
  flow.request.head.fields.append("X-Note", "x".repeat(500));
  flow.response = makeHttpFlow({ response: { fields: [["A", "b"]], body: "text" } }).response!;
  store.clear();
  assert.equal(store.bytes, 0);
});

Deno.test("a flow that comes as a whole is weighed as if it had grown here", () => {
  const parts = {
    request: { body: "question" },
    response: { body: "answer", fields: [["A", "b"]] as const },
  };
  const whole = new FlowStore(ROOMY);
  whole.add(makeHttpFlow(parts));
  const grown = new FlowStore(ROOMY);
  const flow = makeHttpFlow({ ...parts, took: null });
  const { request, response } = flow;
  const bodies = [request.body, response!.body];
  request.body = new BodyCapture(100);
  response!.body = new BodyCapture(100);
  grown.add(flow);
  grown.grow(flow, request.body.append(bodies[0]!.bytes()));
  grown.grow(flow, response!.body.append(bodies[1]!.bytes()));
  end(grown, flow);
  assert.equal(whole.bytes, grown.bytes);
  whole.clear();
  assert.equal(whole.bytes, 0);
});

Deno.test("clear lets go of everything, and the store goes on", () => {
  const store = new FlowStore(ROOMY);
  const flow = running(1);
  store.add(flow);
  capture(store, flow, 100);
  store.clear();
  assert.deepEqual([store.size, store.bytes, store.dropped], [0, 0, 0]);
  store.add(running(2));
  assert.deepEqual(ids(store), [2]);
});

type Step =
  | { do: "add"; tcp: boolean }
  | { do: "grow" | "shrink" | "end" | "delete"; which: number; size: number }
  | { do: "limit"; flowLimit: number; byteBudget: number }
  | { do: "clear" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("add" as const), tcp: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom("grow" as const, "shrink" as const, "end" as const, "delete" as const),
      which: fc.nat(20),
      size: fc.nat(5_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("limit" as const),
      flowLimit: fc.integer({ min: 1, max: 8 }),
      byteBudget: fc.integer({ min: 1_000, max: 40_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "clear" as const }) },
);

Deno.test("whatever happens: within both bounds, newest kept, each flow dropped, deleted or there, bytes back to 0", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80, size: "max" }), (steps) => {
      const limits = { byteBudget: 20_000, flowLimit: 5 };
      const store = new FlowStore(limits);
      const all: (HttpFlow | TcpFlow)[] = [];
      let removed = 0;
      for (const next of steps) {
        const flow = "which" in next ? all[next.which] : undefined;
        const known = flow !== undefined && store.has(flow);
        if (next.do === "add") {
          const id = all.length + 1;
          all.push(next.tcp ? runningTcp(id) : running(id));
          store.add(all.at(-1)!);
        } else if (next.do === "limit") {
          limits.flowLimit = next.flowLimit;
          limits.byteBudget = next.byteBudget;
          store.setLimits(limits);
        } else if (next.do === "clear") {
          removed += store.size;
          store.clear();
        } else if (flow !== undefined && next.do === "delete") {
          if (store.delete(flow.id)) removed++;
        } else if (flow !== undefined && flow.endedAt === null) {
          if (next.do === "end") end(store, flow);
          else if (flow.kind === "tcp") {
            if (!known) continue;
            flow.messages.push(makeTcpMessage(new Uint8Array(next.size)));
            store.grow(flow, next.size);
          } else if (next.do === "grow") capture(store, flow, next.size);
          else {
            const { body } = flow.request;
            store.grow(flow, -body.kept);
            body.replace(new Uint8Array(Math.min(next.size, body.kept)));
            store.grow(flow, body.kept);
          }
        }
        assert.ok(store.size <= Math.max(1, limits.flowLimit));
        assert.ok(store.size <= 1 || store.bytes <= limits.byteBudget);
        assert.equal(store.size + store.dropped + removed, all.length);
        assert.ok(store.bytes >= 0);
        const kept = ids(store);
        assert.deepEqual(kept, kept.toSorted((a, b) => a - b));
        for (const one of all) {
          if (store.has(one) || one.endedAt !== null) continue;
          assert.equal(one.kind === "tcp" ? one.messages.length : one.request.body.kept, 0);
        }
      }
      for (const id of ids(store)) store.delete(id);
      assert.equal(store.bytes, 0);
    }),
    { numRuns: 200 },
  );
});

Deno.test("fields count with their characters and an overhead each", () => {
  const weigh = (fields: Fields) => {
    const store = new FlowStore(ROOMY);
    const flow = running(1);
    flow.request.head.fields = fields;
    store.add(flow);
    end(store, flow);
    return store.bytes;
  };
  const none = weigh(new Fields());
  const one = weigh(Fields.of(["Name", "value"])) - none;
  const hundred = weigh(new Fields(Array.from({ length: 100 }, () => ["Name", "value"]).flat())) - none;
  assert.ok(one > "Namevalue".length);
  assert.equal(hundred, 100 * one);
});
