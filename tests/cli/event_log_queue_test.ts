// What the event log listens to, and how it writes: in batches, bounded, never waiting for a slow reader.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import {
  attachEventLog,
  BATCH_CHARACTERS,
  CLOSE_TIMEOUT,
  type EventLogOptions,
  QUEUE_BYTES,
  QUEUE_EVENTS,
} from "../../lib/cli/event_log.ts";
import { type HookName, Hooks, type LogEntry, type MessageControl } from "../../lib/hooks/hooks.ts";
import {
  makeConnection,
  makeFlowError,
  makeHttpFlow,
  makeTcpFlow,
  makeTcpMessage,
  makeTlsFacts,
  START,
} from "../kit/records.ts";

const hookNames: HookName[] = [
  "clientConnected",
  "clientDisconnected",
  "serverConnecting",
  "serverConnected",
  "serverFailed",
  "serverDisconnected",
  "tlsHello",
  "tlsEstablished",
  "tlsFailed",
  "requestHead",
  "request",
  "requestTrailers",
  "interimResponse",
  "responseHead",
  "response",
  "responseTrailers",
  "httpError",
  "httpEnded",
  "tcpStart",
  "tcpMessage",
  "tcpEnd",
  "log",
];

const connectionHooks: HookName[] = hookNames.slice(0, 9);
const flowHooks: HookName[] = ["httpEnded", "httpError", "tcpStart", "tcpMessage", "tcpEnd"];

const control: MessageControl = { replace() {}, drop() {}, inject() {}, kill() {} };

function newHooks(): Hooks {
  return new Hooks((name, error) => {
    throw new Error(`hook ${name} failed`, { cause: error });
  });
}

interface Attached {
  hooks: Hooks;
  /** What was written, one element a write. */
  writes: string[];
  close(): Promise<void>;
  /** Waits until at least one more write has come. */
  nextWrite(): Promise<void>;
}

function attach(options: Partial<EventLogOptions> = {}, hooks: Hooks = newHooks()): Attached {
  const writes: string[] = [];
  let wake = Promise.withResolvers<void>();
  const log = attachEventLog(hooks, {
    detail: 1,
    format: "text",
    quiet: false,
    verbose: false,
    color: false,
    write: (text) => {
      writes.push(text);
      wake.resolve();
      wake = Promise.withResolvers();
    },
    ...options,
  });
  return { hooks, writes, close: () => log.close(), nextWrite: () => wake.promise };
}

function entry(level: LogEntry["level"], message: string): LogEntry {
  return { level, at: START, message, client: null, code: "c", rule: null };
}

const subscriptions: { name: string; options: Partial<EventLogOptions>; hooks: HookName[] }[] = [
  { name: "detail 0", options: { detail: 0 }, hooks: ["log"] },
  { name: "detail 1", options: {}, hooks: [...flowHooks, "log"] },
  { name: "detail 3, JSON", options: { detail: 3, format: "json" }, hooks: [...flowHooks, "log"] },
  { name: "detail 0, verbose", options: { detail: 0, verbose: true }, hooks: [...connectionHooks, "log"] },
  { name: "verbose", options: { verbose: true }, hooks: [...connectionHooks, ...flowHooks, "log"] },
  { name: "quiet", options: { detail: 3, quiet: true, verbose: true }, hooks: ["log"] },
];

for (const { name, options, hooks: expected } of subscriptions) {
  Deno.test(`event log: ${name}: only what will be printed is listened to, and nothing after close`, async () => {
    const { hooks, close } = attach(options);
    assert.deepEqual(
      hookNames.filter((hook) => hooks.has(hook)),
      hookNames.filter((hook) => expected.includes(hook)),
    );
    await close();
    assert.deepEqual(hookNames.filter((hook) => hooks.has(hook)), []);
  });
}

const levels: { name: string; options: Partial<EventLogOptions>; shown: string }[] = [
  { name: "detail 0", options: { detail: 0 }, shown: "error warn" },
  { name: "detail 1", options: {}, shown: "error warn info" },
  { name: "verbose", options: { verbose: true }, shown: "error warn info debug" },
  { name: "detail 0, verbose", options: { detail: 0, verbose: true }, shown: "error warn info debug" },
  { name: "quiet", options: { quiet: true }, shown: "error" },
  { name: "quiet, verbose", options: { quiet: true, verbose: true }, shown: "error" },
];

for (const { name, options, shown } of levels) {
  Deno.test(`event log: ${name}: shows ${shown}`, async () => {
    const { hooks, writes, close } = attach({ ...options, format: "json" });
    for (const level of ["error", "warn", "info", "debug"] as const) hooks.run("log", entry(level, "m"));
    await close();
    const lines = writes.join("").trim().split("\n").map((line) => JSON.parse(line).level);
    assert.equal(lines.join(" "), shown);
  });
}

Deno.test("event log: the events of a turn go out in one write, in order", async () => {
  const { hooks, writes, close, nextWrite } = attach();
  hooks.run("log", entry("info", "first"));
  hooks.run("httpEnded", makeHttpFlow());
  hooks.run("log", entry("info", "last"));
  assert.deepEqual(writes, [], "nothing is written in the turn of the event");
  await nextWrite();
  assert.equal(writes.length, 1);
  assert.match(writes[0] ?? "", /first\n.*GET .*\n.*last\n$/);
  hooks.run("log", entry("info", "another turn"));
  await nextWrite();
  assert.equal(writes.length, 2);
  await close();
  assert.equal(writes.length, 2);
});

Deno.test("event log: large output goes out in several writes", async () => {
  const { hooks, writes, close } = attach();
  const message = "m".repeat(1000);
  for (let count = 0; count < 200; count++) hooks.run("log", entry("info", message));
  await close();
  assert.ok(writes.length >= 3);
  assert.ok(writes.every((text) => text.length <= BATCH_CHARACTERS + 2000 && text.endsWith("\n")));
  assert.equal(writes.join("").split("\n").length - 1, 200);
});

Deno.test("event log: one write at a time; meanwhile events wait, then are left out and counted", async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  const writes: string[] = [];
  let underWay = 0;
  let written = Promise.withResolvers<void>();
  const { hooks, close } = attach({
    write: async (text) => {
      assert.equal(underWay, 0);
      underWay++;
      writes.push(text);
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      written.resolve();
      await gate.promise;
      underWay--;
    },
  });
  hooks.run("log", entry("info", "before"));
  await written.promise;
  const extra = 123;
  for (let count = 0; count < QUEUE_EVENTS + extra; count++) {
    hooks.run("log", entry("info", `wait ${count}.`));
  }
  assert.equal(writes.length, 1);
  written = Promise.withResolvers();
  gates[0]?.resolve();
  await written.promise;
  hooks.run("log", entry("info", "after"));
  const closed = close();
  for (let index = 1; index < 100 && underWay > 0; index++) {
    written = Promise.withResolvers();
    gates[index]?.resolve();
    await Promise.race([written.promise, closed]);
  }
  await closed;
  const lines = writes.join("").trim().split("\n");
  assert.equal(lines.length, 1 + QUEUE_EVENTS + 2);
  assert.match(lines[QUEUE_EVENTS] ?? "", new RegExp(`wait ${QUEUE_EVENTS - 1}\\.$`));
  assert.match(lines[QUEUE_EVENTS + 1] ?? "", new RegExp(`warning: ${extra} events were left out here`));
  assert.match(lines[QUEUE_EVENTS + 2] ?? "", /after$/);
});

Deno.test("event log: what waits is bounded in bytes too", async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const writes: string[] = [];
  const { hooks, close } = attach({
    detail: 3,
    format: "json",
    write: (text) => {
      writes.push(text);
      started.resolve();
      return gate.promise;
    },
  });
  hooks.run("log", entry("info", "before"));
  await started.promise;
  const body = new Uint8Array(QUEUE_BYTES / 4).fill(0x61);
  for (let count = 0; count < 6; count++) {
    hooks.run("httpEnded", makeHttpFlow({ response: { body }, request: { path: `/${count}` } }));
  }
  hooks.run("tcpMessage", makeTcpFlow(), makeTcpMessage(body), control);
  gate.resolve();
  await close();
  const lines = writes.join("").trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map((line) => line.request?.path ?? line.count ?? line.type), [
    "log",
    "/0",
    "/1",
    "/2",
    "/3",
    3,
  ]);
});

Deno.test("event log: an event larger than the queue is taken while nothing else waits", async () => {
  const { hooks, writes, close } = attach();
  hooks.run("log", entry("info", "m".repeat(QUEUE_BYTES + 1)));
  await close();
  assert.equal(writes.join("").length, QUEUE_BYTES + 1 + "14:03:22.000 \n".length);
});

for (
  const [how, fail] of [["throws", () => {
    throw new Error("broken pipe");
  }], ["rejects", () => Promise.reject(new Error("broken pipe"))]] as const
) {
  Deno.test(`event log: a writer that ${how} silences it`, async () => {
    let calls = 0;
    const failed = Promise.withResolvers<void>();
    const { hooks, close } = attach({
      write: () => {
        calls++;
        failed.resolve();
        return fail();
      },
    });
    hooks.run("log", entry("info", "m"));
    await failed.promise;
    await close();
    assert.deepEqual(hookNames.filter((hook) => hooks.has(hook)), []);
    assert.equal(calls, 1);
  });
}

Deno.test("event log: close gives up on a writer that never returns", async () => {
  const started = Promise.withResolvers<void>();
  const { hooks, close } = attach({
    write: () => {
      started.resolve();
      return new Promise<void>(() => {});
    },
  });
  hooks.run("log", entry("info", "m"));
  await started.promise;
  hooks.run("log", entry("info", "never written"));
  const before = performance.now();
  await Promise.all([close(), close()]);
  const took = performance.now() - before;
  assert.ok(took > CLOSE_TIMEOUT * 0.9 && took < CLOSE_TIMEOUT * 3);
});

Deno.test("event log: a flow that cannot be printed costs one line", async () => {
  const { hooks, writes, close } = attach({ format: "json", detail: 3 });
  hooks.run("httpEnded", makeHttpFlow({ endedAt: NaN }));
  hooks.run("httpEnded", makeHttpFlow());
  await close();
  const lines = writes.join("").trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map((line) => line.code ?? line.type), ["event-log-failed", "http"]);
});

Deno.test("event log: a failed flow is printed once, whichever hook points tell of it", async () => {
  for (
    const names of [["httpError", "httpEnded"], ["httpEnded", "httpError"], ["httpError"], [
      "httpEnded",
    ]] as const
  ) {
    const { hooks, writes, close } = attach();
    const flow = makeHttpFlow({ response: null, error: makeFlowError(), took: null });
    for (const name of names) hooks.run(name, flow);
    // The record is completed in the same turn.
    flow.endedAt = START + 50;
    await close();
    assert.equal(
      writes.join(""),
      "14:03:22.050 127.0.0.1:53412 GET  http://example.com/ -> error: " +
        "example.com:80 refused the connection 50ms\n",
    );
  }
});

Deno.test("event log: a TCP conversation, with what hooks made of its messages in the same turn", async () => {
  const { hooks, writes, close } = attach();
  const flow = makeTcpFlow({ took: null });
  hooks.run("tcpStart", flow, control);
  const reused = new TextEncoder().encode("one");
  hooks.run("tcpMessage", flow, makeTcpMessage(reused), control);
  reused.fill(0x58);
  const edited = makeTcpMessage("two", { fromClient: false });
  hooks.run("tcpMessage", flow, edited, control);
  edited.content = new TextEncoder().encode("three");
  edited.length = 5;
  edited.edited = true;
  flow.endedAt = START + 1000;
  hooks.run("tcpEnd", flow);
  await close();
  assert.equal(
    writes.join(""),
    `14:03:22.000 127.0.0.1:53412 -> example.com:22 tcp open (93.184.216.34:22)
14:03:22.010 127.0.0.1:53412 -> example.com:22 tcp 3 bytes
    one
14:03:22.010 127.0.0.1:53412 <- example.com:22 tcp 5 bytes [edited]
    three
14:03:23.000 127.0.0.1:53412 -- example.com:22 tcp closed -> 17 <- 5 bytes 1.00s
`,
  );
});

Deno.test("event log: an exchange that switches is printed when it switches, then its bytes, then its end", async () => {
  for (
    const ends of [["tcpEnd", "httpEnded"], ["httpEnded"], ["tcpEnd", "httpError", "httpEnded"]] as const
  ) {
    const { hooks, writes, close } = attach();
    const flow = makeHttpFlow({
      took: null,
      response: { status: 101, reason: "Switching Protocols" },
      messages: [],
    });
    hooks.run("tcpStart", flow, control);
    hooks.run("tcpMessage", flow, makeTcpMessage("ping"), control);
    hooks.run("tcpMessage", flow, makeTcpMessage("pong", { fromClient: false }), control);
    hooks.run("tcpMessage", flow, makeTcpMessage("more", { injected: true }), control);
    flow.endedAt = START + 1000;
    for (const name of ends) hooks.run(name, flow);
    await close();
    assert.equal(
      writes.join(""),
      `14:03:22.020 127.0.0.1:53412 GET  http://example.com/ -> 101 20ms
14:03:22.010 127.0.0.1:53412 -> http://example.com/ tcp 4 bytes
    ping
14:03:22.010 127.0.0.1:53412 <- http://example.com/ tcp 4 bytes
    pong
14:03:22.010 127.0.0.1:53412 -> http://example.com/ tcp 4 bytes [injected]
    more
14:03:23.000 127.0.0.1:53412 -- http://example.com/ tcp closed -> 4 <- 4 bytes 1.00s
`,
    );
  }
});

Deno.test("event log: verbose tells of connections and TLS", async () => {
  const { hooks, writes, close } = attach({ verbose: true, format: "json" });
  const client = makeConnection();
  const server = makeConnection({ id: 2, tls: makeTlsFacts() });
  hooks.run("clientConnected", client);
  hooks.run("tlsHello", { client, host: "h", port: 443, serverName: "h", alpnOffers: [] });
  hooks.run("serverConnecting", server, client);
  hooks.run("serverConnected", server, client);
  hooks.run("serverFailed", server, client, "refused");
  hooks.run("tlsEstablished", server, "server");
  hooks.run("tlsFailed", client, "client", "unknown CA");
  hooks.run("serverDisconnected", server, client);
  hooks.run("clientDisconnected", client);
  await close();
  const lines = writes.join("").trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map((line) => `${line.event} ${line.reason}`), [
    "client-connected null",
    "tls-hello null",
    "server-connecting null",
    "server-connected null",
    "server-failed refused",
    "tls-established null",
    "tls-failed unknown CA",
    "server-disconnected null",
    "client-disconnected null",
  ]);
});

Deno.test("event log: decoding many bodies does not hold up the event loop", async () => {
  const body = gzipSync(new Uint8Array(900_000));
  const { hooks, writes, close, nextWrite } = attach({ detail: 3 });
  for (let count = 0; count < 40; count++) {
    hooks.run("httpEnded", makeHttpFlow({ response: { body, fields: [["Content-Encoding", "gzip"]] } }));
  }
  await nextWrite();
  assert.ok((writes[0]?.match(/GET {2}http/g)?.length ?? 0) < 40);
  await close();
});
