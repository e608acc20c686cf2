// Node on both ends of a WebSocket, over HTTP/1.1 (Upgrade) and HTTP/2 (extended CONNECT): origins that echo each message,
// and clients that say some and close. See tests/kit/peer_program.ts for how it is talked to.

import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import process from "node:process";
import { createInterface } from "node:readline";
import { openClient, secured } from "./http2_node_client.mjs";
import { limited, noise } from "./http2_node_origin.mjs";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const BINARY = 2;
const CLOSE = 8;
const SIZES = [0, 1, 125, 126, 5_000, 65_535, 65_536, 200_000];

// --- Frames: whole messages, each in one frame ---

function frame(opcode, payload, masked) {
  const { length } = payload;
  const head = [0x80 | opcode];
  if (length < 126) head.push(length);
  else if (length < 65_536) head.push(126, length >> 8, length & 0xff);
  else head.push(127, 0, 0, 0, 0, ...Buffer.from(Uint32Array.of(length).buffer).reverse());
  if (!masked) return Buffer.concat([Buffer.from(head), payload]);
  head[1] |= 0x80;
  const key = randomBytes(4);
  const hidden = payload.map((byte, index) => byte ^ key[index & 3]);
  return Buffer.concat([Buffer.from(head), key, hidden]);
}

/** Calls `message` with each whole message that comes on a stream, and with null at its end. */
function readFrames(stream, masked, message) {
  let bytes = Buffer.alloc(0);
  let content = [];
  let opcode = 0;
  stream.on("data", (piece) => {
    bytes = Buffer.concat([bytes, piece]);
    for (;;) {
      const taken = readFrame(bytes);
      if (taken === null) return;
      bytes = bytes.subarray(taken.size);
      if (taken.masked !== masked) throw new Error(`a frame that is ${masked ? "not " : ""}masked`);
      if (taken.opcode !== 0) opcode = taken.opcode;
      content.push(taken.payload);
      if (!taken.final) continue;
      message({ opcode, payload: Buffer.concat(content) });
      content = [];
    }
  });
  stream.on("end", () => message(null));
}

function readFrame(bytes) {
  if (bytes.length < 2) return null;
  const masked = bytes[1] >= 0x80;
  let length = bytes[1] & 0x7f;
  let at = 2;
  if (length === 126) at = 4;
  if (length === 127) at = 10;
  if (bytes.length < at) return null;
  if (length === 126) length = bytes.readUInt16BE(2);
  if (length === 127) length = Number(bytes.readBigUInt64BE(2));
  const key = masked ? bytes.subarray(at, at += 4) : Buffer.alloc(4);
  if (bytes.length < at + length) return null;
  const payload = Buffer.from(bytes.subarray(at, at + length)).map((byte, index) => byte ^ key[index & 3]);
  return { final: bytes[0] >= 0x80, opcode: bytes[0] & 0x0f, masked, payload, size: at + length };
}

// --- The origin ---

/** What the last handshake and its end looked like to the origin. */
const seen = { version: null, fields: null, messages: 0, close: null, ended: false };
let over = Promise.resolve();

function echo(stream, version, fields) {
  Object.assign(seen, { version, fields, messages: 0, close: null, ended: false });
  stream.on("error", () => {});
  over = new Promise((resolve) => stream.on("end", resolve).on("close", resolve));
  readFrames(stream, true, (message) => {
    if (message === null) return seen.ended = true;
    const { opcode, payload } = message;
    stream.write(frame(opcode, payload, false));
    if (opcode !== CLOSE) return seen.messages++;
    seen.close = payload.readUInt16BE(0);
    stream.end();
  });
}

function onUpgrade(request, socket, early) {
  if (request.url === "/refused") return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  const key = request.headers["sec-websocket-key"];
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${createHash("sha1").update(key + GUID).digest("base64")}\r\n` +
      "Sec-WebSocket-Protocol: echo\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n",
  );
  if (early.length > 0) socket.unshift(early);
  echo(socket, "h1", request.headers);
}

function onStream(stream, head) {
  stream.on("error", () => {});
  if (head[":method"] !== "CONNECT") {
    stream.respond({ ":status": 404 });
    return stream.end();
  }
  if (head[":path"] === "/refused") {
    stream.respond({ ":status": 403 });
    return stream.end("no");
  }
  stream.respond({
    ":status": 200,
    "sec-websocket-protocol": "echo",
    "set-cookie": ["a=1", "b=2"],
  });
  echo(stream, "h2", head);
}

async function start({ cert, key }) {
  const offering = { settings: { enableConnectProtocol: true } };
  const servers = {
    "h1 http": http.createServer(),
    "h1 https": https.createServer({ cert, key, ALPNProtocols: ["http/1.1"] }),
    "h2 http": http2.createServer(offering),
    "h2 https": http2.createSecureServer({ cert, key, ...offering }),
    // Speaks HTTP/2, and takes WebSockets over HTTP/1.1 only: what most servers do.
    "both https": http2.createSecureServer({ cert, key, allowHTTP1: true }),
  };
  const ports = {};
  for (const [name, server] of Object.entries(servers)) {
    server.on("upgrade", onUpgrade);
    if (!name.startsWith("h1")) server.on("stream", onStream);
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    ports[name] = server.address().port;
  }
  return ports;
}

// --- The client ---

const FIELDS = { "sec-websocket-version": "13", "sec-websocket-protocol": "echo, chat", "cookie": "c=3" };

async function openHttp1(to, path) {
  const socket = await secured(to, ["http/1.1"]);
  const { scheme, port, way } = to;
  const request = http.request({
    createConnection: () => socket,
    path: way === "explicit" ? `${scheme}://localhost:${port}${path}` : path,
    headers: {
      host: `localhost:${port}`,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-key": randomBytes(16).toString("base64"),
      ...FIELDS,
    },
  });
  request.end();
  const close = () => socket.destroy();
  const [kind, response, stream, early] = await new Promise((resolve, reject) => {
    request.on("upgrade", (...all) => resolve(["upgrade", ...all]));
    request.on("response", (refusal) => resolve(["response", refusal]));
    request.on("error", reject);
  });
  const answer = { status: response.statusCode, fields: response.headers };
  if (kind === "response") return { answer, stream: response, close };
  const accept = createHash("sha1").update(request.getHeader("sec-websocket-key") + GUID).digest("base64");
  if (response.headers["sec-websocket-accept"] !== accept) throw new Error("Sec-WebSocket-Accept is wrong");
  if (early.length > 0) stream.unshift(early);
  return { answer, stream, close };
}

async function openHttp2(to, path) {
  const client = await openClient(to);
  const { session } = client;
  while (session.remoteSettings.enableConnectProtocol !== true) {
    await limited(new Promise((resolve) => session.once("remoteSettings", resolve)), "the offer");
  }
  const stream = session.request(
    { ":method": "CONNECT", ":protocol": "websocket", ":path": path, ...FIELDS },
    {
      endStream: false,
    },
  );
  const fields = await new Promise((resolve, reject) => stream.on("response", resolve).on("error", reject));
  return { answer: { status: fields[":status"], fields }, stream, close: () => client.close() };
}

const open = (to, path) => to.version === "h2" ? openHttp2(to, path) : openHttp1(to, path);

/** Says a message of each size, at once, and closes once all are back; then what both ends saw. */
async function talk({ to }) {
  const { answer, stream, close } = await limited(open(to, "/chat"), "the handshake");
  try {
    const wrong = [];
    let count = 0;
    let code = null;
    const over = new Promise((resolve, reject) => {
      stream.on("error", reject);
      readFrames(stream, false, (message) => {
        if (message === null) return resolve();
        const { opcode, payload } = message;
        if (opcode === CLOSE) code = payload.readUInt16BE(0);
        else {
          const size = SIZES[count++];
          if (opcode !== BINARY || !payload.equals(Buffer.from(noise(size)))) {
            wrong.push([size, payload.length]);
          }
          if (count === SIZES.length) stream.write(frame(CLOSE, Buffer.from([0x03, 0xe8]), true));
        }
      });
    });
    for (const size of SIZES) stream.write(frame(BINARY, Buffer.from(noise(size)), true));
    await limited(over, "the end");
    const gone = new Promise((resolve) => stream.on("close", resolve));
    stream.end();
    await limited(gone, "the close");
    const { status, fields } = answer;
    const { "sec-websocket-protocol": protocol, "set-cookie": cookies } = fields;
    return { status, protocol, cookies, wrong, count, code };
  } finally {
    close();
  }
}

async function refused({ to }) {
  const { answer, stream, close } = await limited(open(to, "/refused"), "the answer");
  try {
    let text = "";
    stream.on("data", (data) => text += data);
    await limited(new Promise((resolve) => stream.on("end", resolve)), "the end");
    return { status: answer.status, text };
  } finally {
    close();
  }
}

// --- What it is asked ---

/** Once the origin's side is over, too. */
async function told() {
  await limited(over, "the end of the origin's side");
  return seen;
}

const scenarios = { talk, refused, told };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const { tls } = await next();
say(await start(tls));
for (let asked = await next(); asked !== null; asked = await next()) {
  const { id, ask, with: parameters } = asked;
  try {
    say({ id, result: await scenarios[ask](parameters) });
  } catch (error) {
    say({ id, error: error.stack ?? String(error) });
  }
}
process.exit(0);
