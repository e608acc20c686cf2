// One flow in the console: its tabs, long bodies, and the way from flow to flow (pictures in console_screens/).

import { startRawOrigin } from "../kit/origins.ts";
import { peerTest } from "../kit/peers.ts";
import { fromClient, fromServer } from "../kit/websocket_frames.ts";
import { openTunnel } from "../proxy/tunnel_clients.ts";
import { consolePeers, ConsoleProgram, keysOf } from "./console_program.ts";
import { startShop } from "./console_shop.ts";
import { fetchBy, frame, openWebSocket, startChat } from "./console_traffic.ts";

peerTest(
  [...consolePeers, "curl"],
  "console: request and response, decoded and raw, from flow to flow",
  async () => {
    await using shop = await startShop();
    await using program = await ConsoleProgram.start({ words: shop.words, rows: 28 });
    const { press, until } = keysOf(program);
    await fetchBy(program, "--compressed", "https://safe.example/zipped");
    await fetchBy(program, "--data", "tea=2", "https://fast.example/order");
    await fetchBy(program, "http://shop.example/trailers");
    await until(/^› .*\/trailers .* 200 /m);

    await press("g", "Enter");
    await until(/^body: .*gzip/m);
    await program.looksLike("flow_response_json");
    await press("m");
    await until(/ raw$/m);
    await until(/1f 8b 08 00/);
    await press("m");
    await until(/"name": "tea"/);
    await press("Tab");
    await until(/\[timing\]/);
    await program.looksLike("flow_timing");
    await press("Tab");
    await until(/\[connection\]/);
    await program.looksLike("flow_connection");
    await press("G");
    await until(/^ {2}SHA-256 /m);
    await press("Tab");
    await until(/\[request\]/);
    await program.looksLike("flow_request");
    await press("BTab", "BTab", "BTab");
    await until(/\[response\]/);

    await press("Space");
    await until(/^POST https:\/\/fast\.example\/order /m);
    await until(/^ flow \[2\/3\]/m);
    await press("h");
    await until(/\[request\]/);
    await program.looksLike("flow_request_http2");
    await press("Right", "Space");
    await until(/^ flow \[3\/3\]/m);
    await program.looksLike("flow_trailers");
    await press("Space");
    await until(/^ flow \[3\/3\]/m);
    await press("p", "p");
    await until(/^ flow \[1\/3\]/m);
    await press("p", "q");
    // The list has its focus where one looked last.
    await until(/^› .*\/zipped /m);
  },
);

peerTest([...consolePeers, "curl"], "console: a body of a mebibyte scrolls to its end and back", async () => {
  await using shop = await startShop();
  await using program = await ConsoleProgram.start({ words: shop.words });
  const { press, until } = keysOf(program);
  await fetchBy(program, "http://shop.example/long");
  await until(/^› .*\/long .* 1MB /m);
  await press("Enter");
  await until(/^line 8 \.+$/m);
  await press("NPage");
  await until(/^line 9 \.+\n(?:line \d+ \.+\n)+line 23 \.+\n flow /m);
  await press("G");
  await until(/^line 16384 \.+\n flow /m);
  await press("Up");
  await until(/^line 16383 \.+\n flow /m);
  await press("PPage", "g");
  await until(/^body: text, 1MB$/m);
  await press("m", "G");
  await until(/^line 16384 \.+\n flow /m);
});

peerTest(consolePeers, "console: messages of a WebSocket and of a TCP connection", async () => {
  await using chat = await startChat();
  await using database = await startRawOrigin();
  const resolve = `db.example:5432:127.0.0.1:${database.port}`;
  await using program = await ConsoleProgram.start({
    words: [...chat.words, "--tcp", "db.example", "--resolve", resolve],
    rows: 28,
  });
  const { press, until } = keysOf(program);
  await using room = await openWebSocket(program, chat.origin);
  room.client.send(fromClient.text("hello, room"));
  await frame(room.server, 'text "hello, room"');
  room.server.send(fromServer.text(JSON.stringify({ kind: "welcome", users: ["ann", "bo"] })));
  await room.client.until("welcome");
  room.server.send(fromServer.ping("are you there"));
  await frame(room.server, 'pong "are you there"');
  room.server.send(fromServer.binary("\x00\x01\x02\xff", { more: true }));
  room.server.send(fromServer.continuation("\xfe"));
  await room.client.until("\xfe");
  await until(/^› .* WS .*\/room /m);
  await press("Enter", "Tab", "Tab");
  await until(/\[messages\]/);
  await program.looksLike("flow_websocket");
  room.client.send(fromClient.close(1000, "done"));
  await frame(room.server, 'close 1000 "done"');
  room.server.send(fromServer.close(1000, "done"));
  await until(/^-- \S+ closed by the client: 1000 "done"$/m);
  await press("m");
  await until(/\{"kind":"welcome","users":\["ann","bo"\]\}/);
  await press("m", "q");

  await using query = await openTunnel(program.port, "db.example:5432");
  query.send("SELECT name FROM items;\n");
  const server = await database.connection();
  await server.until("\n");
  server.send("tea\nmilk\n");
  await query.until("milk\n");
  query.send(Uint8Array.of(0, 1, 2, 3, 0xfe));
  await server.until("\xfe");
  await until(/^ flows \[1\/2\]/m);
  await press("G", "Enter");
  await until(/\[messages\]/);
  await program.looksLike("flow_tcp");
  await press("Tab");
  await until(/\[timing\]/);
  await program.looksLike("flow_tcp_timing");
});
