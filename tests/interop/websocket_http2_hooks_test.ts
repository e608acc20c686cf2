// Hooks on WebSockets of which at least one leg is a stream of HTTP/2: messages held, edited, dropped and injected, and ends
// of our own; the others on the connection are none the worse for it.

import assert from "node:assert/strict";
import type { HttpFlow } from "../../lib/flow/record.ts";
import { CODE } from "../kit/http2_frames.ts";
import { pathOf } from "./websocket_bench.ts";
import {
  bridges,
  bridgeTest,
  checkClose,
  checkHeads,
  type Http2Conversation,
  inTheClear,
} from "./websocket_http2_bench.ts";
import { binary, noise, type Saying, seen, text, words } from "./websocket_sayings.ts";

const fromHttp2 = inTheClear.filter(({ client }) => client === "h2");
const byTls = bridges.filter(({ scheme, way }) => scheme === "wss" && way === "reverse");

const bytes = (content: string) => new TextEncoder().encode(content);
const contentOf = ({ body }: { body: { bytes(): Uint8Array } }) => new TextDecoder().decode(body.bytes());
const textOf = ({ base64 }: Saying) => new TextDecoder().decode(Uint8Array.fromBase64(base64));
const pathIs = (flow: HttpFlow, { path }: Http2Conversation) => flow.request.head.path === path;

const conversation = (name: string, parts: Partial<Http2Conversation>): Http2Conversation => ({
  path: pathOf(name, parts.deflate),
  protocols: [],
  deflate: false,
  steps: [],
  ...parts,
});

const DROPPED = text("this one is dropped");
const SAID: Saying[] = [
  text(words(3_000)),
  DROPPED,
  text(words(3_000)),
  binary(noise(500)),
  text(words(3_000, 2), { fragments: [400, 0, 1] }),
  text(words(3_000, 3), { compress: false }),
  DROPPED,
  text(words(30_000, 4)),
  text(words(30_000, 4)),
];
const edited = (content: string) => content.replaceAll("lorem", "lorem and more");
const afterEdit = (saying: Saying) => saying.type === "binary" ? saying : text(edited(textOf(saying)));

bridgeTest("messages edited and dropped", [...inTheClear, ...byTls], async (bench) => {
  const { hooks } = bench.proxy;
  hooks.on("websocketMessage", (_flow, message, control) => {
    if (message.type !== "text") return;
    const content = contentOf(message);
    if (content === textOf(DROPPED)) control.drop();
    else if (edited(content) !== content) control.replace(bytes(edited(content)));
  }, { holdMessage: () => true });
  const once = SAID.filter((saying) => saying !== DROPPED).map(afterEdit);
  const all = [false, {}, { serverNoContextTakeover: true, clientMaxWindowBits: 10 }].map((deflate) =>
    conversation(`edited ${JSON.stringify(deflate)}`, {
      deflate,
      steps: [{ say: SAID, count: once.length }, { close: [1000, "done"] }],
    })
  );
  const clients = await bench.play(all);
  const servers = await bench.seen(all);
  for (const [index, one] of all.entries()) {
    assert.deepEqual(servers[index]!.messages, once.map(seen), one.path);
    // What is edited once more on the way back.
    assert.deepEqual(clients[index]!.messages, once.map(afterEdit).map(seen), one.path);
    const flow = await bench.flow(one);
    checkHeads(flow, bench.bridge, servers[index]!);
    checkClose(flow, { code: 1000, reason: "done", by: "client" });
    assert.deepEqual([flow.edited, flow.error], [true, null]);
    assert.equal(flow.websocket!.messages.filter(({ dropped }) => dropped).length, 2);
  }
});

bridgeTest("a message held: PINGs are answered, and the others go on", fromHttp2, async (bench) => {
  const held = conversation("held", {
    deflate: {},
    steps: [
      { say: [text("hold this")], count: 0 },
      { ping: "while it is held" },
      { signal: "answered" },
      { say: [text("behind it")], count: 2 },
      { close: [1000, ""] },
    ],
  });
  const other = conversation("other", {
    steps: [
      { wait: "answered" },
      ...Array.from({ length: 20 }, (_, index) => ({ say: [text(`${index}`), binary(noise(30_000))] })),
      { say: [text("let it go")] },
      { close: [1000, ""] },
    ],
  });
  const letGo = Promise.withResolvers<void>();
  const order: string[] = [];
  bench.proxy.hooks.on("websocketMessage", async (flow, message, control) => {
    const content = contentOf(message);
    if (pathIs(flow, other) && content === "let it go" && message.fromClient) letGo.resolve();
    if (!pathIs(flow, held)) return;
    order.push(`${message.fromClient ? "client" : "server"}: ${message.type} ${content}`);
    if (content !== "hold this" || !message.fromClient) return;
    await letGo.promise;
    control.replace(bytes("let go"));
  }, { holdMessage: (flow) => pathIs(flow, held) });
  const [client] = await bench.play([held, other]);
  const expected = [text("let go"), text("behind it")].map(seen);
  const [server] = await bench.seen([held, other]);
  assert.deepEqual([server!.messages, client!.messages], [expected, expected]);
  assert.deepEqual([client!.pongs, server!.pings], [["while it is held"], [""]]);
  assert.deepEqual(order.slice(0, 2), ["client: text hold this", "client: ping while it is held"]);
  const flow = await bench.flow(held);
  const { messages } = flow.websocket!;
  const data = messages.filter(({ type }) => type === "text");
  assert.deepEqual(data.map(({ fromClient, edited }) => [fromClient, edited]), [
    [true, true],
    [true, false],
    [false, false],
    [false, false],
  ]);
  assert.deepEqual([flow.error, flow.held], [null, false]);
});

bridgeTest("messages of our own, and a close of our own", inTheClear, async (bench) => {
  bench.proxy.hooks.on("websocketMessage", (_flow, { type, injected }, control) => {
    if (type === "binary") return control.close(4002, "enough");
    if (injected) return;
    control.inject(true, "text", bytes("to the client"));
    control.inject(false, "text", bytes("to the server"));
  });
  const said = text(words(500));
  const path = "/injected?silent&deflate={}";
  const one = conversation("", {
    path,
    deflate: {},
    steps: [{ say: [said], count: 1 }, { say: [said], count: 1 }, { say: [binary(noise(10))] }],
  });
  const [client] = await bench.play([one]);
  const [server] = await bench.seen([one]);
  const [toClient, toServer] = [seen(text("to the client")), seen(text("to the server"))];
  assert.deepEqual(client!.messages, [toClient, toClient]);
  assert.deepEqual(server!.messages.slice(0, 4), [seen(said), toServer, seen(said), toServer]);
  assert.deepEqual([client!.close, server!.close], [[4002, "enough"], [4002, "enough"]]);
  const flow = await bench.flow(one);
  checkClose(flow, { code: 4002, reason: "enough", by: "proxy" });
  assert.equal(flow.error, null);
  assert.equal(flow.websocket!.messages.filter(({ injected }) => injected).length, 4);
});

bridgeTest("killed by a hook: both ends are reset", inTheClear, async (bench) => {
  const killed = conversation("killed", { steps: [{ say: [text("kill this")] }] });
  const other = conversation("lives", {
    steps: [{ say: [text("before")] }, { say: [text("after")] }, { close: [1000, ""] }],
  });
  bench.proxy.hooks.on("websocketMessage", (_flow, message, control) => {
    if (contentOf(message) === "kill this") control.kill();
  });
  const [client, living] = await bench.play([killed, other]);
  const [server] = await bench.seen([killed, other]);
  assert.deepEqual([client!.close, server!.close, living!.close], [[1006, ""], [1006, ""], [1000, ""]]);
  const { client: from, origin } = bench.bridge;
  if (from === "h2") assert.equal(client!.reset, CODE.CANCEL);
  if (origin === "h1") assert.equal(server!.reset, "ECONNRESET");
  else if (from === "h2") assert.equal(server!.reset, CODE.CANCEL);
  // The client's connection is over, and with it the one to the origin.
  else assert.notEqual(server!.reset, undefined);
  const flow = await bench.flow(killed);
  checkClose(flow, { code: 1006, reason: "", by: "proxy" });
  assert.deepEqual([flow.killed, flow.error?.code], [true, "killed"]);
});
