// ws over Node's own HTTP/1.1 and HTTP/2 as an origin, and over HTTP/2 as a client: all WebSockets of a client on one
// connection. Does what it is asked; see tests/kit/peer_program.ts and websocket_http2_bench.ts.

import { Buffer } from "node:buffer";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import process from "node:process";
import { createInterface } from "node:readline";
import { secured } from "./http2_node_client.mjs";
import { acceptConnect, acceptUpgrade, connect, End, offered, use } from "./websocket_http2_ends.mjs";

/** Else a session on which much waits takes no more streams. In megabytes. */
const MEMORY = 200;

// --- The server ---

/** By path: what the server's end has seen, once it is over. */
const seenByServer = new Map();
/** By path: the server's ends that are not over. */
const serving = new Map();

function seenOf(path) {
  if (!seenByServer.has(path)) {
    const made = {};
    made.promise = new Promise((resolve) => made.resolve = resolve);
    seenByServer.set(path, made);
  }
  return seenByServer.get(path);
}

/** What it does for words that begin with a slash. */
async function obey(end, text) {
  const { socket, view } = end;
  const [word, value = "", reason = ""] = text.split(" ");
  switch (word) {
    case "/ping":
      socket.ping(value);
      await end.until(() => view.pongs.includes(value));
      return socket.send(`pong ${value}`);
    case "/close":
      return value === "" ? socket.close() : socket.close(Number(value), reason);
    case "/kill":
      return socket.terminate();
    case "/reset":
      if (socket._socket.session === undefined) return socket._socket.resetAndDestroy();
      // With a code Node ends the stream, and then resets it; else it is INTERNAL_ERROR, at once.
      if (value !== "") return socket._socket.close(Number(value));
      return socket._socket.destroy(new Error("reset"));
    case "/flood":
      for (let index = 0; index < Number(value); index++) socket.send(Buffer.alloc(Number(reason), index));
      return;
    case "/pause":
      return socket.pause();
    // Of another WebSocket.
    case "/resume":
      return serving.get(value).socket.resume();
    case "/waiting":
      return socket.send(`${serving.get(value).socket.bufferedAmount}`);
    case "/count":
      return socket.send(`${view.messages.length}`);
    case "/leave":
      socket._socket.session.close();
      return socket.send("left");
  }
}

/** An echo, or where `silent` stands in the path a sink; but for the words that it obeys. */
function serve(socket, { path, version, method, fields }) {
  const isSilent = path.includes("silent");
  const end = new End(socket, (data, isBinary) => {
    if (!isBinary && data[0] === 0x2f) obey(end, data.toString()).catch(() => {});
    else if (!isSilent) socket.send(data, { binary: isBinary });
  });
  serving.set(path, end);
  socket.on("close", () => {
    serving.delete(path);
    seenOf(path).resolve({ ...end.view, version, method, fields });
  });
}

const onUpgrade = (request, socket, head) =>
  acceptUpgrade(request, socket, head, (accepted) => {
    const { url: path, method, httpVersion, headers } = request;
    serve(accepted, { path, version: httpVersion, method, fields: headers });
  });

function onStream(stream, head) {
  if (head[":method"] !== "CONNECT") {
    stream.respond({ ":status": 200 });
    return answer(head[":method"], head[":path"], stream, stream);
  }
  acceptConnect(stream, head, (accepted) => {
    const { ":path": path, ":method": method } = head;
    serve(accepted, { path, version: "2.0", method, fields: { ...head } });
  });
}

/** Ordinary requests: what was asked for, and how much came with it. */
function answer(method, path, request, response) {
  let length = 0;
  request.on("data", (data) => length += data.length);
  request.on("end", () => response.end(`${method} ${path} ${length}`));
}

const onRequest = (request, response) => answer(request.method, request.url, request, response);

async function start({ cert, key }) {
  const options = { settings: { enableConnectProtocol: true }, maxSessionMemory: MEMORY };
  const servers = {
    ws: http2.createServer(options),
    wss: http2.createSecureServer({ cert, key, ...options }),
    "h1 ws": http.createServer(onRequest),
    "h1 wss": https.createServer({ cert, key }, onRequest),
  };
  const ports = {};
  for (const [name, server] of Object.entries(servers)) {
    server.on("upgrade", onUpgrade).on("stream", onStream);
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    ports[name] = server.address().port;
  }
  return ports;
}

// --- The client ---

function say(socket, { type, base64, fragments = [], compress = true }) {
  const bytes = Buffer.from(base64, "base64");
  let at = 0;
  for (const size of fragments) {
    socket.send(bytes.subarray(at, at + size), { binary: type === "binary", fin: false, compress });
    at += size;
  }
  socket.send(bytes.subarray(at), { binary: type === "binary", fin: true, compress });
}

async function ask(end, word) {
  const before = end.view.messages.length;
  let answer = null;
  end.socket.once("message", (data) => answer = data.toString());
  end.socket.send(word);
  await end.until(() => end.view.messages.length > before);
  return answer;
}

/** By name: what conversations wait for, of each other. */
let signals = new Map();

function signal(name) {
  if (!signals.has(name)) {
    const made = {};
    made.promise = new Promise((resolve) => made.resolve = resolve);
    signals.set(name, made);
  }
  return signals.get(name);
}

async function step(end, step) {
  const { socket, view } = end;
  if (step.say !== undefined) {
    const wanted = view.messages.length + (step.count ?? step.say.length);
    for (const message of step.say) say(socket, message);
    await end.until(() => view.messages.length >= wanted);
  } else if (step.ask !== undefined) await ask(end, step.ask);
  else if (step.ping !== undefined) {
    const before = view.pongs.length;
    socket.ping(step.ping);
    await end.until(() => view.pongs.length > before);
  } else if (step.pong !== undefined) socket.pong(step.pong);
  else if (step.close !== undefined) socket.close(...step.close);
  else if (step.kill) socket.terminate();
  else if (step.abort) end.abort();
  else if (step.reset !== undefined) socket._socket.close(step.reset);
  else if (step.leave) leave();
  else if (step.signal !== undefined) signal(step.signal).resolve();
  else if (step.wait !== undefined) await signal(step.wait).promise;
}

/** The last connection: it stays until the next one comes, for the origin's ends to be over before. */
let session = null;
let transport = null;

function leave() {
  session?.destroy();
  transport?.destroy();
}

/** A session to an origin, by the way that `to` says; see `Route` in websocket_bench.ts. */
async function openSession({ scheme: webSocketScheme, way, ...to }) {
  leave();
  const scheme = webSocketScheme === "ws" ? "http" : "https";
  transport = await secured({ ...to, scheme, way: way === "absolute" ? "explicit" : way }, ["h2"]);
  session = http2.connect(`${scheme}://localhost:${to.port}`, {
    createConnection: () => transport,
    settings: { enablePush: false },
    maxSessionMemory: MEMORY,
  });
  session.on("error", () => {});
  await offered(session);
}

/** An ordinary request, with its body; what is answered. */
function fetched(path, body) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": "POST", ":path": path });
    let text = "";
    stream.on("data", (data) => text += data).on("end", () => resolve(text)).on("error", reject);
    stream.end(body);
  });
}

async function converse({ after, steps, echoes, ...asked }) {
  if (after !== undefined) await signal(after).promise;
  const abort = new AbortController();
  const { socket, extensions, refused } = await connect(session, asked, abort.signal);
  const error = `Unexpected server response: ${refused}`;
  if (refused !== undefined) return { protocol: "", messages: [], pings: [], pongs: [], close: null, error };
  const end = new End(
    socket,
    echoes ? (data, isBinary) => socket.send(data, { binary: isBinary }) : undefined,
  );
  end.abort = () => abort.abort();
  for (const one of steps) await step(end, one);
  await end.over;
  return { ...end.view, extensions };
}

/** What the client's ends have seen, once they are over. */
async function play({ to, conversations, together }) {
  await openSession(to);
  signals = new Map();
  if (together) return await Promise.all(conversations.map(converse));
  const views = [];
  for (const one of conversations) views.push(await converse(one));
  return views;
}

/**
 * One WebSocket is not read from at one of its ends, `who`; the others on the connection go on meanwhile, and requests do,
 * and then so does it. What was wrong, and what waited at the other end of it.
 */
async function stalled({ to, who, count, size, others, rounds }) {
  await openSession(to);
  const open = async (path) => {
    const { socket } = await connect(session, { path, protocols: [], deflate: false });
    return new End(socket);
  };
  const path = `/slow-${who}?silent`;
  const slow = await open(path);
  const control = await open(`/control-${who}?silent`);
  const ends = await Promise.all(
    Array.from({ length: others }, (_, index) => open(`/other-${who}-${index}`)),
  );
  if (who === "client") {
    slow.socket.pause();
    slow.socket.send(`/flood ${count} ${size}`);
  } else {
    slow.socket.send("/pause");
    for (let index = 0; index < count; index++) slow.socket.send(Buffer.alloc(size, index));
  }
  const wrong = [];
  for (let round = 0; round < rounds; round++) {
    const word = `${round} `.repeat(5_000);
    const answers = await Promise.all(ends.map((end) => ask(end, word)));
    wrong.push(...answers.filter((answer) => answer !== word));
    const page = await fetched(`/page${round}`, word);
    if (page !== `POST /page${round} ${word.length}`) wrong.push(page);
  }
  const waiting = who === "client"
    ? Number(await ask(control, `/waiting ${path}`))
    : slow.socket.bufferedAmount;
  if (who === "client") slow.socket.resume();
  else control.socket.send(`/resume ${path}`);
  if (who === "client") await slow.until(() => slow.view.messages.length >= count);
  else await ask(slow, "/count");
  const sizes = (who === "client" ? slow : serving.get(path)).view.messages.map(([, length]) => length);
  for (const { socket } of [slow, control, ...ends]) socket.close(1000);
  await Promise.all([slow, control, ...ends].map(({ over }) => over));
  return { wrong, waiting, arrived: sizes.filter((length) => length === size).length };
}

async function seen({ paths }) {
  const views = [];
  for (const path of paths) {
    views.push(await seenOf(path).promise);
    seenByServer.delete(path);
  }
  return views;
}

// --- What it is asked ---

const commands = { use, play, stalled, seen };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};
const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const { tls } = await next();
tell(await start(tls));
for (let asked = await next(); asked !== null; asked = await next()) {
  const { id, ask, with: parameters } = asked;
  try {
    tell({ id, result: await commands[ask](parameters) ?? null });
  } catch (error) {
    tell({ id, error: error.stack ?? String(error) });
  }
}
process.exit(0);
