// Whatever is said, however it is cut, and whatever hooks hold and for how long: messages arrive in order, frame by frame
// as they were sent, every PING has its answer, and all credit goes back.

import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Decode } from "../../lib/bytes/latin1.ts";
import { DeflatePeer } from "../kit/websocket_deflate.ts";
import {
  type Framer,
  fromClient,
  fromServer,
  joined,
  OP,
  readFrames,
  RSV1,
} from "../kit/websocket_frames.ts";
import { gate, openWebSocket } from "./websocket_in_memory.ts";

interface Said {
  what: "text" | "binary" | "ping" | "pong";
  words: string;
  compressed: boolean;
  /** Where it is cut into fragments, and a PING between the first two. */
  cuts: number[];
  pinged: boolean;
}

const said: fc.Arbitrary<Said> = fc.record({
  what: fc.constantFrom("text", "text", "binary", "ping", "pong"),
  words: fc.string({ maxLength: 40, unit: fc.constantFrom("a", "b", "to be ", "\x7f") }),
  compressed: fc.boolean(),
  cuts: fc.array(fc.nat(60), { maxLength: 3 }),
  pinged: fc.boolean(),
});

/** What is done with each message, in turn: passed on, told late, or held for some steps. */
const held = fc.array(fc.record({ holds: fc.boolean(), waits: fc.boolean() }), {
  minLength: 1,
  maxLength: 6,
});

const shown = ({ frames }: ReturnType<typeof readFrames>) =>
  frames.map(({ opcode, more, reserved, payload }) => [opcode, more, reserved, latin1Decode(payload)]);

for (const [name, say] of [["client", fromClient], ["server", fromServer]] as const) {
  Deno.test(`websocket properties: what the ${name} says arrives, whatever is held meanwhile`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(said, { maxLength: 12 }),
        held,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
        async (conversation, plans, sizes) => {
          using webSocket = await openWebSocket({ extensions: "permessage-deflate" });
          using deflater = new DeflatePeer();
          const { client, server, hooks } = webSocket;
          const [from, to] = name === "client" ? [client, server] : [server, client];
          const gates: ReturnType<typeof gate>[] = [];
          let turn = 0;
          let asked = 0;
          hooks.on("websocketMessage", (_flow, { type }) => {
            if (type === "ping" || type === "pong" || !plans[turn++ % plans.length]!.waits) return;
            const next = gate();
            gates.push(next);
            return next.promise;
          }, { holdMessage: () => plans[asked++ % plans.length]!.holds });

          const frames: Uint8Array[] = [];
          for (const message of conversation) frames.push(...await framesOf(say, message, deflater));
          const bytes = joined(frames);
          for (let at = 0, step = 0; at < bytes.length; step++) {
            const size = sizes[step % sizes.length]!;
            await from.say(bytes.slice(at, at + size));
            at += size;
            if (step % 3 === 2) await gates.shift()?.open();
          }
          while (gates.length > 0) await gates.shift()?.open();

          const sent = shown(readFrames(bytes));
          const isControl = ([opcode]: unknown[]) => Number(opcode) >= OP.close;
          const came = shown(readFrames(to.bytes));
          assert.deepEqual(
            came.filter((frame) => !isControl(frame)),
            sent.filter((frame) => !isControl(frame)),
          );
          const pings = sent.filter(([opcode]) => opcode === OP.ping);
          assert.deepEqual(
            came.filter(isControl),
            pings.map(() => [OP.ping, false, 0, ""]),
            "one of ours for each",
          );
          assert.deepEqual(
            shown(readFrames(from.bytes)),
            pings.map(([, , , words]) => [OP.pong, false, 0, words]),
          );
          assert.equal(
            webSocket.messages.length,
            sent.filter(([opcode]) => opcode !== OP.continuation).length,
          );
          assert.ok(webSocket.messages.every(({ endedAt }) => endedAt !== null));
          assert.deepEqual([webSocket.flow.error, webSocket.flow.held, webSocket.flow.edited], [
            null,
            false,
            false,
          ]);
          assert.ok(from.transport.reading);
        },
      ),
      { numRuns: 60 },
    );
  });
}

async function framesOf(
  say: Framer,
  { what, words, compressed, cuts, pinged }: Said,
  deflater: DeflatePeer,
): Promise<Uint8Array[]> {
  if (what === "ping" || what === "pong") return [say.frame(OP[what], words.slice(0, 125))];
  const payload = compressed ? latin1Decode(await deflater.compress(words)) : words;
  const borders = [
    ...cuts.map((cut) => Math.min(cut, payload.length)).toSorted((a, b) => a - b),
    payload.length,
  ];
  let start = 0;
  const frames = borders.map((end, index) => {
    const part = payload.slice(start, end);
    start = end;
    const more = index < borders.length - 1;
    return index === 0
      ? say.frame(OP[what], part, { more, reserved: compressed ? RSV1 : 0 })
      : say.continuation(part, { more });
  });
  if (pinged && frames.length > 1) frames.splice(1, 0, say.ping("between"));
  return frames;
}
