// A compressed message was edited or dropped: from then on the receiver's window is not the sender's (RFC 7692, 7.1.1),
// and what follows is compressed anew, so that zlib in both peers goes on understanding each other.

import assert from "node:assert/strict";
import { latin1Decode, latin1Encode } from "../../lib/bytes/latin1.ts";
import { OUTPUT_SIZE } from "../../lib/websocket/inflater.ts";
import { DeflatePeer } from "../kit/websocket_deflate.ts";
import { fromClient, fromServer, joined, OP, readFrames, RSV1 } from "../kit/websocket_frames.ts";
import { settled } from "./memory_context.ts";
import { type MemoryPeer, openWebSocket } from "./websocket_in_memory.ts";

const HOLD = { holdMessage: () => true };
const ways = [["client", fromClient, ">"], ["server", fromServer, "<"]] as const;

interface Heard {
  content: string;
  /** As it came, without its tail. */
  payload: Uint8Array;
  compressed: boolean;
  /** Bytes of payload in each of its frames. */
  frames: number[];
}

/** Whole messages as a peer with this inflater understands them. Control frames are left out. */
async function understand(peer: MemoryPeer, inflater: DeflatePeer): Promise<Heard[]> {
  const messages: Heard[] = [];
  let parts: Uint8Array[] = [];
  let compressed = false;
  const { frames, rest } = readFrames(peer.bytes);
  assert.equal(rest.length, 0);
  for (const { opcode, more, reserved, payload } of frames) {
    if (opcode >= OP.close) continue;
    if (opcode === OP.continuation) assert.equal(reserved, 0);
    else {
      assert.deepEqual(parts, []);
      compressed = reserved === RSV1;
    }
    parts.push(payload);
    if (more) continue;
    const whole = joined(parts);
    const content = compressed ? await inflater.decompress(whole) : latin1Decode(whole);
    messages.push({ content, payload: whole, compressed, frames: parts.map(({ length }) => length) });
    parts = [];
  }
  return messages;
}

for (const [name, say, arrow] of ways) {
  const open = async (parameters = "", windowBits = 15) => {
    const webSocket = await openWebSocket({ extensions: `permessage-deflate${parameters}` });
    const { client, server } = webSocket;
    const sender = new DeflatePeer(windowBits);
    const receiver = new DeflatePeer(windowBits);
    const [from, to] = name === "client" ? [client, server] : [server, client];
    const text = async (content: string) => say.text(await sender.compress(content), { reserved: RSV1 });
    return {
      webSocket,
      from,
      to,
      sender,
      text,
      heard: () => understand(to, receiver),
      [Symbol.dispose]() {
        sender[Symbol.dispose]();
        receiver[Symbol.dispose]();
        webSocket[Symbol.dispose]();
      },
    };
  };
  const contents = (heard: Heard[]) => heard.map(({ content }) => content);

  Deno.test(`websocket compressed, from the ${name}: held and not changed, it goes on as it was compressed`, async () => {
    using test = await open();
    const { webSocket, from, to, text, heard } = test;
    webSocket.hooks.on("websocketMessage", () => {}, HOLD);
    const words = ["what is said twice", "what is said twice", ""];
    const frames = [];
    for (const word of words) frames.push(await text(word));
    await from.say(...frames);
    const messages = await heard();
    assert.deepEqual(contents(messages), words);
    const sent = frames.map((frame) => readFrames(frame).frames[0]!.payload);
    assert.deepEqual(messages.map(({ payload }) => payload), sent);
    assert.equal(to.heard.every((words) => words.startsWith("compressed text ")), true);
    assert.equal(webSocket.flow.edited, false);
  });

  for (
    const [change, edited] of [["edited", "something else"], ["emptied", ""], ["dropped", null]] as const
  ) {
    Deno.test(`websocket compressed, from the ${name}: ${change}, and all that follows is understood`, async () => {
      using test = await open();
      const { webSocket, from, text, heard } = test;
      const secret = "a word that comes back: rhinoceros; ";
      webSocket.hooks.on("websocketMessage", (_flow, { body }, control) => {
        if (!latin1Decode(body.bytes()).startsWith("change")) return;
        if (edited === null) control.drop();
        else control.replace(latin1Encode(edited));
      }, { holdMessage: (flow) => flow.websocket!.messages.length <= 2 });
      const words = [`first ${secret}`, `change ${secret}`, `third ${secret}`, secret, "", `fifth ${secret}`];
      for (const word of words) await from.say(await text(word));
      await from.say(say.text("not compressed"));
      await from.say(await text(secret.repeat(3000)));
      const wanted = [
        words[0],
        ...(edited === null ? [] : [edited]),
        ...words.slice(2),
        "not compressed",
        secret.repeat(3000),
      ];
      const messages = await heard();
      assert.deepEqual(contents(messages), wanted);
      assert.deepEqual(
        messages.map(({ compressed }) => compressed),
        wanted.map((word) => word !== "not compressed"),
      );
      assert.ok(messages.at(-1)!.payload.length < 4000, "it is compressed indeed");
      assert.ok(webSocket.flow.edited);
      assert.deepEqual(webSocket.recorded.slice(0, 3), [
        `${arrow} text ${JSON.stringify(words[0])}`,
        `${arrow} text ${edited === null ? `${JSON.stringify(words[1])} dropped` : `"${edited}" edited`}`,
        `${arrow} text ${JSON.stringify(words[2])}`,
      ]);
    });
  }

  Deno.test(`websocket compressed, from the ${name}: compressed anew, messages keep their frames, as they come`, async () => {
    using test = await open();
    const { webSocket, from, to, text, sender, heard } = test;
    webSocket.hooks.on("websocketMessage", (_flow, _message, control) => control.drop(), {
      holdMessage: (flow) => flow.websocket!.messages.length === 1,
    });
    await from.say(await text("the first one"));
    const compressed = await sender.compress("the first one and another one".repeat(20));
    const cut = Math.floor(compressed.length / 2);
    await from.say(say.text("", { reserved: RSV1, more: true }));
    await from.say(say.continuation(compressed.subarray(0, cut), { more: true }));
    const begun = to.heard.length;
    assert.equal(begun, 2, "it does not wait for the end");
    await from.say(say.ping(), say.continuation("", { more: true }));
    await from.say(say.continuation(compressed.subarray(cut)));
    assert.deepEqual(
      readFrames(to.bytes).frames.map(({ opcode, more, reserved }) => [opcode, more, reserved]),
      [
        [OP.text, true, RSV1],
        [OP.continuation, true, 0],
        [OP.ping, false, 0],
        [OP.continuation, true, 0],
        [OP.continuation, false, 0],
      ],
    );
    assert.deepEqual(contents(await heard()), ["the first one and another one".repeat(20)]);
    assert.equal(webSocket.messages[1]?.frames, 4);
  });

  Deno.test(`websocket compressed, from the ${name}: held ones behind a change keep their frames, too`, async () => {
    using test = await open();
    const { webSocket, from, sender, text, heard } = test;
    webSocket.hooks.on("websocketMessage", (flow, _message, control) => {
      if (flow.websocket!.messages.length === 1) control.replace(latin1Encode("edited"));
    }, HOLD);
    await from.say(await text("the first one"));
    const compressed = await sender.compress("the first one and another one");
    await from.say(
      say.text(compressed.subarray(0, 3), { reserved: RSV1, more: true }),
      say.continuation("", { more: true }),
      say.continuation(compressed.subarray(3)),
    );
    const [first, second] = await heard();
    assert.deepEqual([first?.content, second?.content], ["edited", "the first one and another one"]);
    assert.deepEqual([first?.frames.length, second?.frames.length], [1, 3]);
  });

  Deno.test(`websocket compressed, from the ${name}: without context takeover, what follows a change goes on as it came`, async () => {
    using test = await open(`; ${name}_no_context_takeover`);
    const { webSocket, from, to } = test;
    webSocket.hooks.on("websocketMessage", (flow, _message, control) => {
      if (flow.websocket!.messages.length === 1) control.replace(latin1Encode("edited ".repeat(20)));
      if (flow.websocket!.messages.length === 2) control.drop();
    }, { holdMessage: (flow) => flow.websocket!.messages.length <= 2 });
    const frames: Uint8Array[] = [];
    for (const word of ["one ", "two ", "three ", "four "]) {
      using once = new DeflatePeer();
      frames.push(say.text(await once.compress(word.repeat(30)), { reserved: RSV1 }));
    }
    await from.say(...frames);
    using inflater = new DeflatePeer();
    const edited = readFrames(to.bytes).frames[0]!;
    assert.equal(await inflater.decompress(edited.payload), "edited ".repeat(20));
    const size = (name === "client" ? 6 : 2) + edited.payload.length;
    assert.equal(latin1Decode(to.bytes.slice(size)), latin1Decode(joined(frames.slice(2))));
    assert.equal(webSocket.recorded[3], `${arrow} text "${"four ".repeat(30)}"`);
  });

  Deno.test(`websocket compressed, from the ${name}: edited messages stand for themselves without context takeover`, async () => {
    using test = await open(`; ${name}_no_context_takeover`);
    const { webSocket, from, to } = test;
    webSocket.hooks.on("websocketMessage", (_flow, { body }, control) => {
      control.replace(latin1Encode(latin1Decode(body.bytes()).toUpperCase()));
    }, HOLD);
    for (let count = 0; count < 3; count++) {
      using once = new DeflatePeer();
      await from.say(say.text(await once.compress("always the same "), { reserved: RSV1 }));
    }
    for (const { payload } of readFrames(to.bytes).frames) {
      using once = new DeflatePeer();
      assert.equal(await once.decompress(payload), "ALWAYS THE SAME ");
    }
  });

  for (const windowBits of [8, 9, 11]) {
    Deno.test(`websocket compressed, from the ${name}: a receiver with a window of 2^${windowBits} understands what is compressed anew`, async () => {
      using test = await open(`; ${name}_max_window_bits=${windowBits}`, Math.max(9, windowBits));
      const { webSocket, from, to, text } = test;
      webSocket.hooks.on("websocketMessage", (_flow, _message, control) => control.drop(), {
        holdMessage: (flow) => flow.websocket!.messages.length === 1,
      });
      // What zlib calls a window of 2^9 refers back 250 bytes at most (deflateInit2): it fits into one of 2^8.
      const words = Array.from({ length: 300 }, (_, index) => `${(index * 7919) % 1000} `).join("");
      await from.say(await text("dropped"));
      await from.say(await text(words));
      await from.say(await text(words.slice(500)));
      using receiver = new DeflatePeer(windowBits);
      const messages = await understand(to, receiver);
      assert.deepEqual(contents(messages), [words, words.slice(500)]);
    });
  }

  Deno.test(`websocket compressed, from the ${name}: a change in this direction leaves the other one as it is`, async () => {
    using test = await open();
    const { webSocket, from, to, text } = test;
    webSocket.hooks.on("websocketMessage", (_flow, { fromClient }, control) => {
      if (fromClient === (name === "client")) control.drop();
    }, HOLD);
    await from.say(await text("dropped"));
    const other = name === "client" ? fromServer : fromClient;
    using sender = new DeflatePeer();
    const payloads = [await sender.compress("back and forth"), await sender.compress("back and forth")];
    for (const payload of payloads) await to.say(other.text(payload, { reserved: RSV1 }));
    assert.deepEqual(readFrames(from.bytes).frames.map(({ payload }) => payload), payloads);
  });

  Deno.test(`websocket compressed, from the ${name}: an edited message that was not compressed changes no context`, async () => {
    using test = await open();
    const { webSocket, from, to, text, heard } = test;
    webSocket.hooks.on("websocketMessage", (_flow, { compressed }, control) => {
      if (!compressed) control.replace(latin1Encode("edited"));
    }, HOLD);
    const frames = [await text("before it"), say.text("plain"), await text("before it, and after")];
    await from.say(...frames);
    const messages = await heard();
    assert.deepEqual(contents(messages), ["before it", "edited", "before it, and after"]);
    assert.deepEqual(messages.map(({ compressed }) => compressed), [true, false, true]);
    assert.deepEqual(messages[2]!.payload, readFrames(frames[2]!).frames[0]!.payload);
    assert.equal(to.heard[1], 'text "edited"');
  });

  Deno.test(`websocket compressed, from the ${name}: a large one is compressed anew piece by piece, over several turns`, async () => {
    using test = await open();
    const { webSocket, from, to, text, heard } = test;
    webSocket.hooks.on("websocketMessage", (_flow, _message, control) => control.drop(), {
      holdMessage: (flow) => flow.websocket!.messages.length === 1,
    });
    await from.say(await text("dropped"));
    const size = 3 * 1024 * 1024;
    const over = Promise.withResolvers<void>();
    webSocket.hooks.on("websocketMessage", () => over.resolve());
    const large = await text("x".repeat(size));
    assert.ok(large.length < OUTPUT_SIZE);
    from.send(large);
    await over.promise;
    await settled();
    const [message] = await heard();
    assert.equal(message?.content, "x".repeat(size));
    assert.ok(to.bytes.length < size / 100);
  });
}
