// permessage-deflate between ws and ws in every way they can agree on it (RFC 7692, 7.1), as it came and compressed anew:
// what is edited on its way must make sense to who has the window of the peer.

import assert from "node:assert/strict";
import type { ProxyFixture } from "../kit/proxy_fixture.ts";
import { type Conversation, pathOf, startWs, WebSocketBench } from "./websocket_bench.ts";
import { checkProxied, echoed, type Scenario } from "./websocket_conversations.ts";
import { binary, noise, type Saying, seen, text, words } from "./websocket_sayings.ts";

const ROUTE = { scheme: "ws", way: "tunnel" } as const;

interface Parameters {
  serverNoContextTakeover?: true;
  clientNoContextTakeover?: true;
  serverMaxWindowBits?: number;
  clientMaxWindowBits?: number;
}

const NAMES = {
  serverNoContextTakeover: "server_no_context_takeover",
  clientNoContextTakeover: "client_no_context_takeover",
  serverMaxWindowBits: "server_max_window_bits",
  clientMaxWindowBits: "client_max_window_bits",
} as const;

/** What the answer says when they have agreed on these. */
function agreement(parameters: Parameters): string {
  const words = Object.entries(parameters).map(([key, value]) => {
    const name = NAMES[key as keyof Parameters];
    return value === true ? name : `${name}=${value}`;
  });
  return ["permessage-deflate", ...words].join("; ");
}

const BITS = [undefined, 8, 9, 10, 11, 12, 13, 14, 15];

function allParameters(
  server: readonly (number | undefined)[],
  client: readonly (number | undefined)[],
): Parameters[] {
  const all: Parameters[] = [];
  for (const serverForgets of [false, true]) {
    for (const clientForgets of [false, true]) {
      for (const serverMaxWindowBits of server) {
        for (const clientMaxWindowBits of client) {
          all.push({
            ...(serverForgets ? { serverNoContextTakeover: true } : {}),
            ...(clientForgets ? { clientNoContextTakeover: true } : {}),
            ...(serverMaxWindowBits === undefined ? {} : { serverMaxWindowBits }),
            ...(clientMaxWindowBits === undefined ? {} : { clientMaxWindowBits }),
          });
        }
      }
    }
  }
  return all;
}

/** Words that come again, in the same message and in the next one, near and beyond what the smaller windows hold. */
const SAYINGS: Saying[] = [
  text(words(1_500)),
  text(words(1_500)),
  binary(noise(300)),
  binary(noise(300)),
  text(""),
  text(words(200, 2), { compress: false }),
  text(words(700, 2), { fragments: [100, 0, 300] }),
  text(words(200, 2)),
];

const offered = (parameters: Parameters): Scenario =>
  echoed(SAYINGS, { name: `offered ${agreement(parameters)}`, deflate: parameters });

Deno.test("ws and permessage-deflate: every combination that a client can ask for", async (test) => {
  await using ws = await startWs();
  await using bench = await WebSocketBench.start(ROUTE, ws);
  for (const client of BITS) {
    await test.step(`client_max_window_bits: ${client}`, async () => {
      const all = allParameters(BITS, [client]);
      const played = await checkProxied(bench, all.map(offered), true);
      for (const [index, parameters] of all.entries()) {
        assert.equal(played[index]!.client.extensions, agreement(parameters));
      }
    });
  }
});

/** The client offers what it does by itself: any window, and the context. */
const imposed = (parameters: Parameters): Conversation => ({
  ...offered({}).conversation,
  path: pathOf(`imposed ${agreement(parameters)}`, parameters),
});

Deno.test("ws and permessage-deflate: what the server asks for by itself", async () => {
  await using ws = await startWs();
  await using bench = await WebSocketBench.start(ROUTE, ws);
  const all = [...allParameters([undefined, 8, 11, 15], [undefined, 8, 11, 15])];
  const scenarios = all.map((parameters) => ({ ...offered({}), conversation: imposed(parameters) }));
  const played = await checkProxied(bench, scenarios, true);
  for (const [index, parameters] of all.entries()) {
    const { extensions } = played[index]!.client;
    assert.deepEqual(extensions?.split("; ").sort(), agreement(parameters).split("; ").sort());
  }
});

/** What one of them does not take: the client's part, the server's, and what becomes of it. */
const REFUSED: [client: unknown, server: unknown, error: string][] = [
  [{ serverMaxWindowBits: 10 }, { serverMaxWindowBits: 12 }, "Unexpected server response: 400"],
  [{ serverMaxWindowBits: 10 }, { serverMaxWindowBits: false }, "Unexpected server response: 400"],
  [{ serverNoContextTakeover: true }, { serverNoContextTakeover: false }, "Unexpected server response: 400"],
  [{ clientMaxWindowBits: false }, { clientMaxWindowBits: 12 }, "Unexpected server response: 400"],
  [{ clientMaxWindowBits: 10 }, { clientMaxWindowBits: 12 }, "Unexpected server response: 400"],
  [{ serverMaxWindowBits: 7 }, {}, "Unexpected server response: 400"],
  [{ clientMaxWindowBits: 16 }, {}, "Unexpected server response: 400"],
  [
    { clientNoContextTakeover: false },
    { clientNoContextTakeover: true },
    "Invalid Sec-WebSocket-Extensions header",
  ],
];

Deno.test("ws and permessage-deflate: what one of them refuses", async () => {
  await using ws = await startWs();
  await using bench = await WebSocketBench.start(ROUTE, ws);
  for (const [index, [deflate, server, error]] of REFUSED.entries()) {
    const conversation = { path: pathOf(`refused ${index}`, server), protocols: [], deflate, steps: [] };
    const [direct] = await bench.direct([conversation]);
    const [proxied] = await bench.proxied([conversation]);
    assert.equal(direct!.client.error, error, conversation.path);
    assert.deepEqual(proxied!.client, direct!.client);
    const { response, websocket } = await bench.flow(conversation);
    const isAnswered = response?.head.status === 101;
    assert.equal(isAnswered, error.startsWith("Invalid"));
    assert.equal(websocket?.close?.code, isAnswered ? 1006 : undefined);
  }
});

const DROPPED = text("this one is dropped");
const EDITED: Saying[] = [
  text(words(3_000)),
  DROPPED,
  text(words(3_000)),
  binary(noise(500)),
  text("nothing to edit here"),
  binary(noise(500)),
  text(words(3_000, 2), { fragments: [400, 0, 1] }),
  text(words(3_000, 3), { compress: false }),
  DROPPED,
  text(words(30_000, 4)),
  text(words(30_000, 4)),
];

const edited = (content: string) => content.replaceAll("lorem", "lorem and more");
const textOf = ({ base64 }: Saying) => new TextDecoder().decode(Uint8Array.fromBase64(base64));
const afterEdit = (saying: Saying) => saying.type === "binary" ? saying : text(edited(textOf(saying)));

/** Every message is held: texts are edited, or dropped, in either direction. */
function editAll({ hooks }: ProxyFixture): void {
  hooks.on("websocketMessage", (_flow, { type, body }, control) => {
    if (type !== "text") return;
    const content = new TextDecoder().decode(body.bytes());
    if (content === textOf(DROPPED)) control.drop();
    else if (edited(content) !== content) control.replace(new TextEncoder().encode(edited(content)));
  }, { holdMessage: () => true });
}

Deno.test("ws and permessage-deflate: edited and dropped messages, compressed anew for every window", async () => {
  await using ws = await startWs();
  await using bench = await WebSocketBench.start(ROUTE, ws);
  editAll(bench.proxy);
  const all = BITS.flatMap((bits) => allParameters([bits], [bits]));
  const once = EDITED.filter((saying) => saying !== DROPPED).map(afterEdit);
  const conversations = all.map((deflate): Conversation => ({
    path: pathOf(`edited ${agreement(deflate)}`, {}),
    protocols: [],
    deflate,
    steps: [{ say: EDITED, count: once.length }, { close: [1000, "done"] }],
  }));
  const played = await bench.proxied(conversations, true);
  for (const [index, { client, server }] of played.entries()) {
    const { path } = conversations[index]!;
    assert.deepEqual(server.messages, once.map(seen), path);
    // What is edited once more on the way back.
    assert.deepEqual(client.messages, once.map(afterEdit).map(seen), path);
    assert.deepEqual([client.close, server.close], [[1000, "done"], [1000, "done"]], path);
    const { websocket, edited } = await bench.flow(conversations[index]!);
    assert.equal(edited, true);
    const flags = websocket!.messages.map(({ fromClient, edited, dropped }) => ({
      fromClient,
      edited,
      dropped,
    }));
    const count = (fits: (flag: typeof flags[number]) => boolean) => flags.filter(fits).length;
    assert.deepEqual(
      [true, false].map((from) => count(({ fromClient, edited }) => fromClient === from && edited)),
      [once.length - 3, once.length - 3],
      path,
    );
    assert.equal(count(({ dropped }) => dropped), 2, path);
  }
});

Deno.test("ws and permessage-deflate: messages of our own, and a close of our own", async () => {
  await using ws = await startWs();
  await using bench = await WebSocketBench.start(ROUTE, ws);
  const { hooks } = bench.proxy;
  const ours = new TextEncoder().encode("one of ours");
  hooks.on("websocketMessage", (_flow, { type, injected }, control) => {
    if (type === "binary") control.close(4002, "enough");
    else if (!injected) control.inject(true, "text", ours);
  });
  const conversation: Conversation = {
    path: pathOf("injected", {}),
    protocols: [],
    deflate: {},
    // Each text is answered by its echo, and by one of ours for either of them.
    steps: [{ say: [text(words(500))], count: 3 }, { say: [text(words(500))], count: 3 }, {
      say: [binary(noise(10))],
    }],
  };
  const [played] = await bench.proxied([conversation]);
  const { client, server } = played!;
  const texts = client.messages.filter(([type]) => type === "text");
  const [said, injected] = [seen(text(words(500))), seen(text("one of ours"))];
  assert.deepEqual(texts.filter(([, length]) => length !== ours.length), [said, said]);
  assert.deepEqual(
    texts.filter(([, length]) => length === ours.length),
    Array.from({ length: 4 }, () => injected),
  );
  assert.deepEqual(server.messages.slice(0, 2), [said, said]);
  assert.deepEqual([client.close, server.close], [[4002, "enough"], [4002, "enough"]]);
  const { websocket, error } = await bench.flow(conversation);
  const { at: _, ...close } = websocket!.close!;
  assert.deepEqual([close, error], [{ code: 4002, reason: "enough", by: "proxy" }, null]);
  assert.equal(websocket!.messages.filter(({ injected }) => injected).length, 4);
});
