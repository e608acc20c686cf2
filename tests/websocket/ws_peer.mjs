// The npm package ws as a peer: what its sender makes of messages, and what its receiver makes of bytes. In a process of its
// own, with its own lock file, so that ws is no dependency of the program. Its argument is where ws comes from; it does what
// it is asked, see tests/kit/peer_program.ts. Bytes go to and fro in base64.

import { Buffer } from "node:buffer";
import process from "node:process";
import { createInterface } from "node:readline";

const { PerMessageDeflate, Receiver, Sender } = await import(process.argv[2]);

const decode = (text) => Buffer.from(text, "base64");
const encode = (bytes) => Buffer.from(bytes).toString("base64");

/** `deflate`: of both directions, null for none. */
function extensions(isServer, deflate) {
  if (deflate === null) return {};
  const extension = new PerMessageDeflate({ isServer, threshold: 0 });
  extension.accept([Object.fromEntries(
    ["client", "server"].flatMap((side) => [
      [`${side}_max_window_bits`, [String(deflate.windowBits)]],
      ...deflate.contextTakeover ? [] : [[`${side}_no_context_takeover`, [true]]],
    ]),
  )]);
  return { [PerMessageDeflate.extensionName]: extension };
}

/** All that a peer sends for these messages, as one. */
async function send({ peer, deflate, messages, close }) {
  const parts = [];
  const socket = {
    destroyed: false,
    cork() {},
    uncork() {},
    write(data, written) {
      parts.push(Buffer.from(data));
      written?.();
    },
  };
  const mask = peer === "client";
  const sender = new Sender(socket, extensions(!mask, deflate));
  for (const { binary, compress, fragments, controls } of messages) {
    for (const [index, fragment] of fragments.entries()) {
      for (const { kind, payload, before } of controls) {
        if (before === index) await new Promise((done) => sender[kind](decode(payload), mask, done));
      }
      const options = { binary, compress, mask, fin: index === fragments.length - 1 };
      await new Promise((done) => sender.send(decode(fragment), options, done));
    }
  }
  if (close !== null) await new Promise((done) => sender.close(close.code, decode(close.reason), mask, done));
  return encode(Buffer.concat(parts));
}

/** What a peer's bytes, that come in these pieces, are: messages, and a fault's close code. */
async function receive({ peer, deflate, pieces }) {
  const events = [];
  const isServer = peer === "client";
  const receiver = new Receiver({ isServer, extensions: extensions(isServer, deflate) });
  let isOver = false;
  receiver.on("message", (data, isBinary) => events.push([isBinary ? "binary" : "text", encode(data)]));
  receiver.on("ping", (data) => events.push(["ping", encode(data)]));
  receiver.on("pong", (data) => events.push(["pong", encode(data)]));
  receiver.on("conclude", (code, reason) => {
    isOver = true;
    events.push(["close", code, encode(reason)]);
  });
  receiver.on("error", (error) => {
    isOver = true;
    const status = Object.getOwnPropertySymbols(error).find(({ description }) =>
      description === "status-code"
    );
    events.push(["fault", error[status]]);
  });
  for (const piece of pieces) {
    if (isOver) break;
    await new Promise((done) => {
      receiver.once("error", done);
      receiver.write(decode(piece), done);
    });
  }
  return events;
}

const commands = { send, receive };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

await next();
say("ready");
for (let asked = await next(); asked !== null; asked = await next()) {
  const { id, ask, with: parameters } = asked;
  try {
    say({ id, result: await commands[ask](parameters) });
  } catch (error) {
    say({ id, error: error.stack ?? String(error) });
  }
}
process.exit(0);
