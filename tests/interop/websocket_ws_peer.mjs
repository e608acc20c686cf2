// ws as server and as client, and what each of its ends sees of a conversation. In a process of its own, with its own lock
// file, so that ws is no dependency of the program. Its argument is where ws comes from; it says its server's ports, then
// does what it is asked; see tests/kit/peer_program.ts and websocket_bench.ts.

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import http from "node:http";
import https from "node:https";
import process from "node:process";
import { createInterface } from "node:readline";
import tls from "node:tls";

const { WebSocket, WebSocketServer } = await import(process.argv[2]);

/** A step that takes longer has hung, in milliseconds. */
const LIMIT = 10_000;
/** What the server speaks, and likes better the earlier it stands here. */
const PROTOCOLS = ["second.example", "first.example"];

const hashOf = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** One end of a WebSocket, and all that it sees. */
class End {
  view = { protocol: "", messages: [], pings: [], pongs: [], close: null, error: null };
  #changed = () => {};

  constructor(ws, onMessage = () => {}) {
    this.ws = ws;
    const note = (what) => (...facts) => {
      what(...facts);
      this.#changed();
    };
    ws.on(
      "message",
      note((data, isBinary) => {
        this.view.messages.push([isBinary ? "binary" : "text", data.length, hashOf(data)]);
        onMessage(data, isBinary);
      }),
    );
    ws.on("ping", note((data) => this.view.pings.push(data.toString())));
    ws.on("pong", note((data) => this.view.pongs.push(data.toString())));
    ws.on("open", note(() => this.view.protocol = ws.protocol));
    ws.on("error", note((error) => this.view.error = error.code ?? error.message));
    ws.on("close", note((code, reason) => this.view.close = [code, reason.toString()]));
  }

  /** Rejects, with what was seen, when it takes too long; resolves too when all is over. */
  until(isThere) {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`hung: ${JSON.stringify(this.view)}`)), LIMIT);
      const look = () => {
        if (!isThere() && this.view.close === null) return;
        clearTimeout(limit);
        this.#changed = () => {};
        resolve();
      };
      this.#changed = look;
      look();
    });
  }
}

// --- The server ---

/** By path: what the server's end has seen, once it is over. */
const seenByServer = new Map();

function seenOf(path) {
  if (!seenByServer.has(path)) seenByServer.set(path, Promise.withResolvers());
  return seenByServer.get(path);
}

/** An echo, but for words that begin with a slash: those it obeys. */
function serve(ws, request) {
  const obey = async (text) => {
    const [word, value = "", reason = ""] = text.split(" ");
    switch (word) {
      case "/ping":
        ws.ping(value);
        await end.until(() => end.view.pongs.includes(value));
        return ws.send(`pong ${value}`);
      case "/close":
        return value === "" ? ws.close() : ws.close(Number(value), reason);
      case "/kill":
        return ws.terminate();
    }
  };
  const end = new End(ws, (data, isBinary) => {
    if (!isBinary && data[0] === 0x2f) obey(data.toString());
    else ws.send(data, { binary: isBinary });
  });
  end.view.protocol = ws.protocol;
  const fields = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const [name, value] = request.rawHeaders.slice(index, index + 2);
    // As random as it should be.
    if (name.toLowerCase() !== "sec-websocket-key") fields.push(`${name}: ${value}`);
  }
  ws.on("close", () => seenOf(request.url).resolve({ ...end.view, fields }));
}

function accept(request, socket, head) {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  if (pathname === "/refused") {
    socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nConnection: close\r\n\r\nno!\n");
    return;
  }
  const deflate = JSON.parse(searchParams.get("deflate") ?? "false");
  const acceptor = new WebSocketServer({
    noServer: true,
    perMessageDeflate: deflate && { threshold: 0, ...deflate },
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });
  acceptor.handleUpgrade(request, socket, head, (ws) => serve(ws, request));
}

function listen(server) {
  server.on("upgrade", accept);
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}

// --- The client ---

/** The socket a tunnel of the proxy ends in. */
function openTunnel({ proxyPort, port }) {
  return new Promise((resolve, reject) => {
    const authority = `localhost:${port}`;
    const request = http.request({ host: "127.0.0.1", port: proxyPort, method: "CONNECT", path: authority });
    request.on("error", reject);
    request.on("connect", (response, socket) => {
      if (response.statusCode === 200) resolve(socket);
      else reject(new Error(`CONNECT was answered ${response.statusCode}`));
    });
    request.end();
  });
}

/** `to`: which origin, and by which way; see `Route` in websocket_bench.ts. */
async function open(to, { path, protocols, deflate }) {
  const { scheme, way, port, proxyPort, ca } = to;
  const options = {
    ca,
    perMessageDeflate: deflate && { threshold: 0, ...deflate },
    origin: "http://origin.example",
  };
  if (way === "tunnel") {
    const socket = await openTunnel(to);
    options.createConnection = () =>
      scheme === "ws" ? socket : tls.connect({ socket, ca, servername: "localhost" });
  } else if (way === "absolute") {
    options.createConnection = () =>
      http.globalAgent.createConnection({ host: "127.0.0.1", port: proxyPort });
    options.finishRequest = (request) => {
      request.path = `http://localhost:${port}${path}`;
      request.end();
    };
  }
  const target = way === "reverse" ? proxyPort : port;
  return new WebSocket(`${scheme}://localhost:${target}${path}`, protocols, options);
}

function say(ws, { type, base64, fragments = [], compress = true }) {
  const bytes = Buffer.from(base64, "base64");
  let at = 0;
  for (const size of fragments) {
    ws.send(bytes.subarray(at, at + size), { binary: type === "binary", fin: false, compress });
    at += size;
  }
  ws.send(bytes.subarray(at), { binary: type === "binary", fin: true, compress });
}

async function step(end, step) {
  const { ws, view } = end;
  if (step.say !== undefined) {
    const wanted = view.messages.length + (step.count ?? step.say.length);
    for (const message of step.say) say(ws, message);
    await end.until(() => view.messages.length >= wanted);
  } else if (step.ask !== undefined) {
    const before = view.messages.length;
    ws.send(step.ask);
    await end.until(() => view.messages.length > before);
  } else if (step.ping !== undefined) {
    const before = view.pongs.length;
    ws.ping(step.ping);
    await end.until(() => view.pongs.length > before);
  } else if (step.pong !== undefined) ws.pong(step.pong);
  else if (step.close !== undefined) ws.close(...step.close);
  else if (step.kill) ws.terminate();
}

/** What the client's end has seen, once it is over. */
async function play(to, conversation) {
  const ws = await open(to, conversation);
  const echo = (data, isBinary) => ws.send(data, { binary: isBinary });
  const end = new End(ws, conversation.echoes ? echo : undefined);
  let answer = null;
  ws.on("upgrade", ({ headers }) => answer = headers);
  await end.until(() => end.view.error !== null || ws.readyState === WebSocket.OPEN);
  if (ws.readyState === WebSocket.OPEN) {
    for (const one of conversation.steps) await step(end, one);
  }
  await end.until(() => false);
  return { ...end.view, extensions: answer?.["sec-websocket-extensions"] ?? null };
}

const commands = {
  /** One after the other, or all at once. */
  async play({ to, conversations, together }) {
    if (together) return await Promise.all(conversations.map((one) => play(to, one)));
    const views = [];
    for (const conversation of conversations) views.push(await play(to, conversation));
    return views;
  },
  async seen({ paths }) {
    const views = [];
    for (const path of paths) {
      views.push(await seenOf(path).promise);
      seenByServer.delete(path);
    }
    return views;
  },
};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};
const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const { tls: { cert, key } } = await next();
tell({ ws: await listen(http.createServer()), wss: await listen(https.createServer({ cert, key })) });
for (let asked = await next(); asked !== null; asked = await next()) {
  const { id, ask, with: parameters } = asked;
  try {
    tell({ id, result: await commands[ask](parameters) ?? null });
  } catch (error) {
    tell({ id, error: error.stack ?? String(error) });
  }
}
process.exit(0);
