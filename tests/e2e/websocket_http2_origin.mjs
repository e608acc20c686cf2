// Origins of Node that serve a page, and WebSockets to it: over HTTP/2 where that is offered (RFC 8441), and over HTTP/1.1.
// They say their ports, and are then told the page, and asked for what was seen; see tests/kit/peer_program.ts.

import http2 from "node:http2";
import https from "node:https";
import process from "node:process";
import { createInterface } from "node:readline";
import { acceptConnect, acceptUpgrade, End, use } from "../interop/websocket_http2_ends.mjs";

/** The page, as it was given to us. */
let page = "";
/** What the page tells, and who waits for it. */
let told = null;
let waiting = [];
/** Of WebSockets that are over, in the order of their ends. */
let seenByServer = [];

function serve(socket, { path, version, method, fields }) {
  const end = new End(socket, (data, isBinary) => {
    const [word, value = "", reason = ""] = isBinary ? [] : data.toString().split(" ");
    switch (word) {
      case "/ping":
        socket.ping(value);
        return void end.until(() => end.view.pongs.includes(value)).then(() => socket.send(`pong ${value}`));
      case "/close":
        return socket.close(Number(value), reason);
      case "/kill":
        return socket.terminate();
      default:
        return socket.send(data, { binary: isBinary });
    }
  });
  socket.on("close", () => seenByServer.push({ ...end.view, path, version, method, fields }));
}

function answer(request, response) {
  const { pathname } = new URL(request.url, "https://localhost");
  switch (pathname) {
    case "/":
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      return response.end(page);
    case "/seen": {
      let text = "";
      request.on("data", (data) => text += data);
      return request.on("end", () => {
        told = JSON.parse(text);
        for (const resolve of waiting) resolve();
        response.end();
      });
    }
    case "/when-done.js":
      response.setHeader("Content-Type", "text/javascript");
      return void pageIsDone().then(() => response.end());
    default:
      response.statusCode = 404;
      return response.end();
  }
}

async function pageIsDone() {
  if (told === null) await new Promise((resolve) => waiting.push(resolve));
}

function onStream(stream, head) {
  const { ":path": path, ":method": method } = head;
  if (method !== "CONNECT") return;
  acceptConnect(
    stream,
    head,
    (socket) => serve(socket, { path, version: "2.0", method, fields: { ...head } }),
  );
}

function onUpgrade(request, stream, head) {
  const { url: path, httpVersion: version, method, headers: fields } = request;
  acceptUpgrade(request, stream, head, (socket) => serve(socket, { path, version, method, fields }));
}

async function listen({ cert, key }) {
  const http2Server = (enableConnectProtocol) =>
    http2.createSecureServer({ cert, key, allowHTTP1: true, settings: { enableConnectProtocol } });
  const servers = {
    offering: http2Server(true),
    // HTTP/2, but no WebSockets over it.
    silent: http2Server(false),
    http1: https.createServer({ cert, key }),
  };
  const ports = {};
  for (const [name, server] of Object.entries(servers)) {
    server.on("request", answer).on("stream", onStream).on("upgrade", onUpgrade);
    // Without a listener Node refuses it.
    server.on("connect", () => {});
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    ports[name] = server.address().port;
  }
  return ports;
}

// --- What it is asked ---

const commands = {
  use,
  /** A new page. */
  serve(given) {
    page = given.page;
    told = null;
    waiting = [];
    seenByServer = [];
  },
  /** What the page and the server have seen. */
  async seen() {
    await pageIsDone();
    return { page: told, server: seenByServer };
  },
};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};
const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const { tls } = await next();
tell(await listen(tls));
for (let asked = await next(); asked !== null; asked = await next()) {
  const { id, ask, with: parameters } = asked;
  try {
    tell({ id, result: await commands[ask](parameters) ?? null });
  } catch (error) {
    tell({ id, error: error.stack ?? String(error) });
  }
}
process.exit(0);
