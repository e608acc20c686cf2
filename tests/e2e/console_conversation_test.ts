// Messages of WebSockets and TCP connections in the console: held, edited, sent again, injected; conversations that are
// closed, killed, and had once more.

import assert from "node:assert/strict";
import { startRawOrigin } from "../kit/origins.ts";
import { peerTest } from "../kit/peers.ts";
import { fromClient, fromServer } from "../kit/websocket_frames.ts";
import { openTunnel } from "../proxy/tunnel_clients.ts";
import { consolePeers, ConsoleProgram, keysOf } from "./console_program.ts";
import { frame, framesOf, openWebSocket, startChat } from "./console_traffic.ts";

peerTest(consolePeers, "console: WebSocket messages are held, edited and let go", async () => {
  await using chat = await startChat();
  await using program = await ConsoleProgram.start({
    words: chat.words,
    environment: { EDITOR: "sh ./edit", VISUAL: "" },
  });
  const { press, type, until } = keysOf(program);
  await using room = await openWebSocket(program, chat.origin);
  const { client, server } = room;
  await press("i");
  await type("~b secret");
  await press("Enter");
  await until(/\[i:~b secret\]/);
  client.send(fromClient.text("hello"));
  client.send(fromClient.text("a secret"));
  client.send(fromClient.text("after it"));
  await frame(server, 'text "hello"');
  await until(/^› .* WS .* ‖$/m);
  await until(/\[held:1\]/);
  // The other direction goes on, and so do pings.
  server.send(fromServer.text("news"));
  await frame(client, 'text "news"');
  server.send(fromServer.ping("?"));
  await frame(server, 'pong "?"');
  client.send(fromClient.ping("!"));
  await frame(client, 'pong "!"');
  await press("Enter", "Tab", "Tab");
  await until(/\[intercepted\]/);
  await until(/^-> \S+ text 8 bytes$/m);
  assert.equal(framesOf(server.received).includes('text "a secret"'), false);

  await Deno.writeTextFile(`${program.folder}/edit`, 'printf "%s, edited" "$(cat "$1")" >"$1"\n');
  await press("e");
  await until(/^edited: a lets it go on$/m);
  await press("a");
  await frame(server, 'text "after it"');
  assert.deepEqual(framesOf(server.received).filter((words) => words.startsWith("text")), [
    'text "hello"',
    'text "a secret, edited"',
    'text "after it"',
  ]);
  await until(/^-> \S+ text 16 bytes \[edited\]\n {2}a secret, edited$/m);
  await press("q");
  await until(/^› .* WS .* ✎$/m);

  // What is held is killed with its connection: both sides see a reset.
  server.send(fromServer.text("my secret"));
  await until(/^› .* WS .* ‖✎$/m);
  await press("X");
  assert.equal(await client.closed(), "ECONNRESET");
  assert.equal(await server.closed(), "ECONNRESET");
  await until(/^› .* WS .* kill /m);
  assert.equal(framesOf(client.received).includes('text "my secret"'), false);
});

peerTest(
  consolePeers,
  "console: WebSocket messages are sent again and injected, and it is closed",
  async () => {
    await using chat = await startChat();
    await using program = await ConsoleProgram.start({ words: chat.words, rows: 24 });
    const { press, type, until } = keysOf(program);
    await using room = await openWebSocket(program, chat.origin);
    const { client, server } = room;
    client.send(fromClient.text("first"));
    await frame(server, 'text "first"');
    server.send(fromServer.binary("\x00\xff"));
    await frame(client, 'binary "\\u0000ÿ"');
    await until(/^› .* WS /m);
    await press("Enter", "Tab", "Tab");
    await until(/\[messages\]/);
    await press("R");
    await until(/^choose a message first: /m);
    await press("Up", "Up", "R");
    await until(/^sent again$/m);
    await until(/^-> \S+ text 5 bytes \[injected\]$/m);
    await server.until((text) => framesOf(text).filter((words) => words === 'text "first"').length === 2);
    await press("Down", "R");
    await client.until((text) => framesOf(text).filter((words) => words.startsWith("binary")).length === 2);

    await press("s");
    await until(/^message to the server .*: *$/m);
    await type("a\\tb \\x41\\\\");
    await press("Enter");
    await frame(server, 'text "a\\tb A\\\\"');
    await until(/^sent$/m);
    await press("c");
    await until(/^message to the client /m);
    await type("\\q");
    await press("Enter");
    await until(/^a "\\" is followed by /m);
    await press("C-u");
    await type("κόσμε");
    await press("Enter");
    const greek = String.fromCharCode(...new TextEncoder().encode("κόσμε"));
    await frame(client, `text "${greek}"`);
    await until(/^<- \S+ text 10 bytes \[injected\]\n {2}κόσμε$/m);
    await program.looksLike("flow_websocket_injected");

    await press("C");
    await until(/^close with code and reason: 1000 *$/m);
    await type("enough");
    await press("Enter");
    await frame(client, 'close 1000 "enough"');
    await frame(server, 'close 1000 "enough"');
    client.send(fromClient.close(1000, "enough"));
    server.send(fromServer.close(1000, "enough"));
    await until(/^-- \S+ closed by mitm: 1000 "enough"$/m);
    server.finish();
    await client.end();
    client.finish();
    await server.closed();
    await press("Tab");
    await until(/^ended +\d/m);
    await press("s");
    await until(/^messages go only into a WebSocket or a TCP connection that is open$/m);
  },
);

peerTest(
  consolePeers,
  "console: TCP chunks are held, edited, injected; a conversation is had again",
  async () => {
    await using database = await startRawOrigin();
    await using program = await ConsoleProgram.start({
      words: ["--tcp", "db.example", "--resolve", `db.example:5432:127.0.0.1:${database.port}`],
      environment: { EDITOR: "sh ./edit", VISUAL: "" },
    });
    const { press, type, until } = keysOf(program);
    await using client = await openTunnel(program.port, "db.example:5432");
    client.send("SELECT 1;\n");
    const server = await database.connection();
    await server.until("SELECT 1;\n");
    server.send("1\n");
    await client.until("1\n");
    await press("i");
    await type("~b DROP");
    await press("Enter");
    await until(/\[i:~b DROP\]/);
    client.send("DROP TABLE items;\n");
    await until(/^› .* TCP .* ‖$/m);
    server.send("notice\n");
    await client.until("notice\n");
    await Deno.writeTextFile(`${program.folder}/edit`, 'sed s/DROP/SHOW/ "$1" >new; cat new >"$1"\n');
    await press("e");
    await until(/^edited: a lets it go on$/m);
    await press("a");
    await server.until("SHOW TABLE items;\n");
    assert.equal(server.received, "SELECT 1;\nSHOW TABLE items;\n");

    await press("s");
    await type("\\x00ping\\n");
    await press("Enter");
    await server.until("\x00ping\n");
    await press("c");
    await type("pong");
    await press("Enter");
    await client.until("pong");
    await press("Enter");
    await until(/\[messages\]/);
    await press("Up", "R");
    await client.until("pongpong");
    client.finish();
    await server.end();
    server.finish();
    await client.end();
    await until(/^-- \S+ closed/m);
    await press("q");

    // The client's part once more: what it sent in the end, with what was edited and injected.
    await press("r");
    await until(/^ flows \[1\/2\]/m);
    const again = await database.connection(1);
    await again.until("\x00ping\n");
    again.send("again\n");
    await again.end();
    again.finish();
    await until(/^ .* TCP .*db\.example:5432 .* ↺$/m);
    assert.equal(again.received, server.received);

    await using other = await openTunnel(program.port, "db.example:5432");
    other.send("BEGIN;\n");
    const third = await database.connection(2);
    await third.until("BEGIN;\n");
    await until(/^ flows \[1\/3\]/m);
    await press("G", "X");
    assert.equal(await other.closed(), "ECONNRESET");
    assert.equal(await third.closed(), "ECONNRESET");
    await until(/^› .* TCP .* kill /m);
  },
);
