// ws over HTTP/2 (RFC 8441). ws knows the handshake of HTTP/1.1 alone; the one of HTTP/2 is done here, on streams of Node's
// own http2, and ws speaks on them from there on. And what each end of a WebSocket sees, whatever carries it.

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** What is waited for longer has hung, in milliseconds. */
const LIMIT = 10_000;
/** What the server speaks, and likes better the earlier it stands here. */
const PROTOCOLS = ["second.example", "first.example"];
const DEFLATE = "permessage-deflate";

let ws = null;

/** `module`: where ws is. */
export async function use({ module }) {
  ws = await import(module);
}

const hashOf = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** One end of a WebSocket, and all that it sees; `reset`: what its stream or its connection was reset with. */
export class End {
  view;
  #waiters = new Set();

  constructor(socket, onMessage = () => {}) {
    this.socket = socket;
    const { protocol } = socket;
    this.view = { protocol, messages: [], pings: [], pongs: [], close: null, error: null };
    const note = (what) => (...facts) => {
      what(...facts);
      for (const look of this.#waiters) look();
    };
    socket.on(
      "message",
      note((data, isBinary) => {
        this.view.messages.push([isBinary ? "binary" : "text", data.length, hashOf(data)]);
        onMessage(data, isBinary);
      }),
    );
    socket.on("ping", note((data) => this.view.pings.push(data.toString())));
    socket.on("pong", note((data) => this.view.pongs.push(data.toString())));
    socket.on("error", note((error) => this.view.error = error.code ?? error.message));
    // ws keeps it to itself.
    const { _socket: stream } = socket;
    let failure = null;
    stream.on("error", ({ code }) => failure = code);
    socket.on(
      "close",
      note((code, reason) => {
        this.view.close = [code, reason.toString()];
        const reset = stream.rstCode || failure;
        if (reset !== null) this.view.reset = reset;
      }),
    );
  }

  /** Rejects, with what was seen, when it takes too long; resolves too when all is over. */
  until(isThere) {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`hung: ${JSON.stringify(this.view)}`)), LIMIT);
      const look = () => {
        if (!isThere() && this.view.close === null) return;
        clearTimeout(limit);
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
      look();
    });
  }

  /** Once it is over. */
  get over() {
    return this.until(() => false);
  }
}

/** A WebSocket on what has become one. */
function speakOn(stream, { isServer, protocol, deflate }) {
  const socket = new ws.WebSocket(null, undefined, { autoPong: true, closeTimeout: LIMIT });
  // Without an address it takes itself for a server's.
  socket._isServer = isServer;
  socket._protocol = protocol;
  if (deflate !== null) socket._extensions[DEFLATE] = deflate;
  socket.setSocket(stream, Buffer.alloc(0), {
    allowSynchronousEvents: true,
    maxPayload: 0,
    skipUTF8Validation: false,
  });
  return socket;
}

// --- The server ---

const deflateOf = (path) =>
  JSON.parse(new URL(path, "http://localhost").searchParams.get("deflate") ?? "false");

/** Answers the Upgrade of HTTP/1.1, and calls `serve` with the WebSocket. */
export function acceptUpgrade(request, socket, head, serve) {
  if (request.url === "/refused") {
    socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nConnection: close\r\n\r\nno!\n");
    return;
  }
  const deflate = deflateOf(request.url);
  const acceptor = new ws.WebSocketServer({
    noServer: true,
    perMessageDeflate: deflate && { threshold: 0, ...deflate },
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });
  acceptor.handleUpgrade(request, socket, head, serve);
}

/** RFC 8441, 5: answers extended CONNECT, and calls `serve` with the WebSocket. */
export function acceptConnect(stream, head, serve) {
  stream.on("error", () => {});
  if (head[":protocol"] !== "websocket" || head[":path"] === "/refused") {
    stream.respond({ ":status": 403 });
    return stream.end("no!\n");
  }
  const answer = { ":status": 200 };
  const offered = (head["sec-websocket-protocol"] ?? "").split(/, ?/);
  const protocol = PROTOCOLS.find((one) => offered.includes(one)) ?? "";
  if (protocol !== "") answer["sec-websocket-protocol"] = protocol;
  const wanted = deflateOf(head[":path"]);
  const { [DEFLATE]: offers } = ws.extension.parse(head["sec-websocket-extensions"] ?? "none");
  let deflate = null;
  if (wanted && offers !== undefined) {
    deflate = new ws.PerMessageDeflate({ threshold: 0, ...wanted, isServer: true });
    deflate.accept(offers);
    answer["sec-websocket-extensions"] = ws.extension.format({ [DEFLATE]: [deflate.params] });
  }
  stream.respond(answer);
  serve(speakOn(stream, { isServer: true, protocol, deflate }));
}

// --- The client ---

/** Asks for a WebSocket on a session; { socket, extensions }, or { refused: status }. `signal` resets it: CANCEL. */
export async function connect(session, { path, protocols, deflate }, signal = undefined) {
  const fields = { ":method": "CONNECT", ":protocol": "websocket", ":path": path };
  fields["sec-websocket-version"] = "13";
  if (protocols.length > 0) fields["sec-websocket-protocol"] = protocols.join(", ");
  let offer = null;
  if (deflate) {
    offer = new ws.PerMessageDeflate({ threshold: 0, ...deflate });
    fields["sec-websocket-extensions"] = ws.extension.format({ [DEFLATE]: offer.offer() });
  }
  const stream = session.request(fields, { endStream: false, signal });
  const answer = await new Promise((resolve, reject) => stream.on("response", resolve).on("error", reject));
  if (answer[":status"] !== 200) {
    stream.close();
    return { refused: answer[":status"] };
  }
  const extensions = answer["sec-websocket-extensions"] ?? null;
  if (extensions === null) offer = null;
  else offer.accept(ws.extension.parse(extensions)[DEFLATE]);
  const protocol = answer["sec-websocket-protocol"] ?? "";
  return { socket: speakOn(stream, { isServer: false, protocol, deflate: offer }), extensions };
}

/** Until the other side offers extended CONNECT (RFC 8441, 3). */
export async function offered(session) {
  const limit = setTimeout(() => session.destroy(new Error("extended CONNECT is not offered")), LIMIT);
  while (session.remoteSettings.enableConnectProtocol !== true) {
    await new Promise((resolve, reject) =>
      session.once("remoteSettings", resolve).once("error", reject).once("close", reject)
    );
  }
  clearTimeout(limit);
}
