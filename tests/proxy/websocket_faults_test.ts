// A peer of a WebSocket that breaks a rule, or meets a limit: it is told so by the code, after what the other one has
// still sent; the other one learns that its peer has gone; the flow says who broke what.

import assert from "node:assert/strict";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import { CLOSE_TIMEOUT, FAULT_TIMEOUT } from "../../lib/proxy/websocket_relay.ts";
import { fromClient, fromServer, joined } from "../kit/websocket_frames.ts";
import { settled } from "./memory_context.ts";
import { compressed, DEFLATE, faultRows } from "./websocket_fault_rows.ts";
import { gate, openWebSocket } from "./websocket_in_memory.ts";

const ways = [["client", fromClient, fromServer], ["server", fromServer, fromClient]] as const;

for (const [name, say, answer] of ways) {
  const open = async (options = {}) => {
    const webSocket = await openWebSocket(options);
    const { client, server, flow } = webSocket;
    const [from, to] = name === "client" ? [client, server] : [server, client];
    return { webSocket, flow, from, to };
  };

  for (const row of faultRows.filter(({ by = name }) => by === name)) {
    Deno.test(`websocket fault of the ${name}: ${row.name}`, async () => {
      const { webSocket, flow, from, to } = await open(row);
      using _ = webSocket;
      await from.say(joined([say.text("before"), await row.bytes(say), say.text("behind")]));
      const heard = ['text "before"', ...row.heard ?? [], 'close 1001 ""'];
      assert.deepEqual([to.heard, to.endings], [heard, []]);
      assert.deepEqual([from.heard, from.endings], [[], []], "the other may have something to say still");
      await to.say(answer.text("rest"), answer.close(1001));
      assert.equal(from.heard.length, 2);
      assert.equal(from.heard[0], 'text "rest"');
      assert.ok(from.heard[1]?.startsWith(`close ${row.code} "`), from.heard[1]);
      assert.ok(from.heard[1]?.includes(`(${row.rule})`), "the reason names the rule");
      assert.deepEqual(from.endings, ["end"]);
      await from.finish();
      await to.finish();
      assert.equal(webSocket.isOver, true);
      const { error } = flow;
      assert.deepEqual([error?.by, error?.code, error?.rule], [name, row.error, row.rule]);
      assert.match(error!.message, new RegExp(`\\(closed with ${row.code}\\)$`));
      assert.deepEqual([webSocket.closed, flow.closedBy], [`${row.code} "" by proxy`, "proxy"]);
    });
  }

  Deno.test(`websocket fault of the ${name} inside a frame: found as it comes, and the other is shown an end`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const frame = say.text("valid" + "\xff" + "x".repeat(94));
    const good = frame.length - 95;
    await from.say(frame.slice(0, good));
    await from.say(frame.slice(good, good + 1));
    assert.deepEqual([to.bytes.length, to.endings], [good, ["end"]], "no Close frame inside a frame");
    await to.finish();
    assert.match(from.heard.join(), /^close 1007 /);
    assert.equal(webSocket.messages[0]?.invalidText, true);
  });

  Deno.test(`websocket fault of the ${name}: the other never ends: the violator is told in time, and both are let go of`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const { deadlines } = webSocket.memory;
    await from.say(say.frame(0x3, ""));
    assert.equal(deadlines.durations[0], FAULT_TIMEOUT);
    await to.say(answer.text("still"), answer.text("talking"));
    assert.equal(deadlines.durations[0], FAULT_TIMEOUT, "it does not begin anew");
    deadlines.expireShortest();
    await settled();
    assert.deepEqual(from.heard.slice(0, 2), ['text "still"', 'text "talking"']);
    assert.match(from.heard[2] ?? "", /^close 1002 /);
    assert.deepEqual([from.endings, webSocket.isOver], [["end"], false]);
    assert.equal(deadlines.durations[0], CLOSE_TIMEOUT);
    await to.say(answer.text("to nobody"));
    assert.equal(from.heard.length, 3);
    deadlines.expireShortest();
    assert.equal(webSocket.isOver, true);
  });

  Deno.test(`websocket fault of the ${name}, while the other is inside a frame when time is up: an end without a code`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    await to.say(answer.binary("0123456789").slice(0, 9));
    await from.say(say.frame(0x3, ""));
    webSocket.memory.deadlines.expireShortest();
    await settled();
    assert.deepEqual([from.bytes.length, from.endings], [9, ["end"]]);
  });

  Deno.test(`websocket fault of the ${name}: the other ends, or has closed before: the violator is told at once`, async () => {
    // Where a client is gone, so are its connections to origins.
    for (const how of ["ends", "closed", ...(name === "client" ? ["resets"] : [])]) {
      const { webSocket, flow, from, to } = await open();
      using _ = webSocket;
      if (how === "closed") await to.say(answer.close(1000, "bye"));
      await from.say(say.frame(0x3, ""));
      if (how === "ends") await to.finish();
      if (how === "resets") await to.reset();
      assert.match(from.heard.at(-1) ?? "", how === "closed" ? /^close 1000 "bye"$/ : /^close 1002 /, how);
      assert.deepEqual([from.endings[0], flow.error?.by], ["end", name], how);
    }
  });

  Deno.test(`websocket fault of the ${name}: what was not delivered yet of its messages is not lost`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const held = gate();
    webSocket.hooks.on("websocketMessage", () => held.promise, { holdMessage: () => true });
    await from.say(say.text("held"), say.text("behind"), say.frame(0x3, ""));
    assert.deepEqual([to.heard, webSocket.flow.error], [[], null]);
    await held.open();
    assert.deepEqual(to.heard, ['text "held"', 'text "behind"', 'close 1001 ""']);
    assert.equal(webSocket.flow.error?.code, "reserved-opcode");
  });

  Deno.test(`websocket fault of the ${name}, which ends right behind it, while a message is held: in the order it came`, async () => {
    const { webSocket, from, to } = await open();
    using _ = webSocket;
    const held = gate();
    webSocket.hooks.on("websocketMessage", () => held.promise, { holdMessage: () => true });
    await from.say(say.text("held"), say.frame(0x3, ""));
    await from.finish();
    await held.open();
    assert.deepEqual([to.heard, to.endings], [['text "held"', 'close 1001 ""'], []]);
    assert.equal(webSocket.closed, '1002 "" by proxy');
    await to.finish();
    assert.match(from.heard.join(), /^close 1002 /);
    assert.equal(webSocket.isOver, true);
  });

  Deno.test(`websocket fault of the ${name}: other WebSockets go on`, async () => {
    const { webSocket, from } = await open();
    using _ = webSocket;
    using other = await openWebSocket({ context: webSocket.memory });
    await from.say(say.frame(0x3, ""));
    await other.client.say(fromClient.text("up"));
    await other.server.say(fromServer.text("down"));
    assert.deepEqual([other.server.heard, other.client.heard], [['text "up"'], ['text "down"']]);
    assert.equal(other.flow.error, null);
  });

  Deno.test(`websocket, --lenient: a text of the ${name} that is not UTF-8 goes on as it came, and is marked`, async () => {
    const { webSocket, flow, from, to } = await open({ settings: { lenient: true }, ...DEFLATE });
    using _ = webSocket;
    const frames = [
      say.text("a\xffb", { more: true }),
      say.continuation("c"),
      say.text("valid"),
      say.text("\xe2\x82"),
      await compressed(say, "\xc0"),
      say.binary("\xff"),
    ];
    await from.say(joined(frames));
    assert.equal(to.raw, String.fromCharCode(...joined(frames)));
    assert.equal(flow.error, null);
    assert.deepEqual(webSocket.messages.map(({ invalidText }) => invalidText), [
      true,
      false,
      true,
      true,
      false,
    ]);
    await from.say(say.close(1000, "\xffx"));
    assert.match(to.heard.at(-1) ?? "", /^close 1000 /);
    assert.deepEqual([webSocket.closed, flow.error], [`1000 "\ufffdx" by ${name}`, null]);
  });

  Deno.test(`websocket, --lenient: other rules are rules for the ${name} all the same`, async () => {
    const { webSocket, flow, from } = await open({ settings: { lenient: true } });
    using _ = webSocket;
    await from.say(say.text("x", { reserved: 0x20 }));
    assert.equal(flow.error?.code, "reserved-bit");
  });
}

Deno.test("websocket faults of both: each is told, and the flow has the first", async () => {
  using webSocket = await openWebSocket();
  const { client, server, flow } = webSocket;
  await client.say(fromClient.frame(0x3, ""));
  await server.say(fromServer.text("\xff"));
  assert.deepEqual(server.heard, ['close 1001 ""'], "its peer had gone before");
  assert.match(client.heard.join(), /^close 1002 /);
  assert.deepEqual([client.endings, server.endings], [["end"], ["end"]]);
  assert.deepEqual([flow.error?.by, flow.error?.code], ["client", "reserved-opcode"]);
  await client.finish();
  await server.finish();
  assert.equal(webSocket.isOver, true);
});

Deno.test("websocket fault: a hook can neither inject nor close any more", async () => {
  using webSocket = await openWebSocket();
  const { client, server, hooks } = webSocket;
  let inject = (_content: string): boolean => true;
  let close = () => {};
  hooks.on("websocketMessage", (_flow, _message, control) => {
    inject = (content) => control.inject(true, "text", latin1Encode(content));
    close = () => control.close(1000, "");
  });
  await client.say(fromClient.text("x"), fromClient.frame(0x3, ""));
  assert.equal(inject("late"), false);
  close();
  assert.deepEqual([client.heard, server.heard], [[], ['text "x"', 'close 1001 ""']]);
});
