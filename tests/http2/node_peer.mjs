// Node's http2 as a peer of our codec. Under Node: `node node_peer.mjs client PORT` plays all scenarios and prints what
// came of them as JSON; `node node_peer.mjs server` prints its port and answers until its standard input ends.
// Under Deno the same functions drive Deno's own http2.

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import http2 from "node:http2";
import process from "node:process";

/** How long one scenario may take, in milliseconds. */
const LIMIT = 20_000;

export const sha256 = (data) => createHash("sha256").update(data).digest("hex");
/** Bytes that tell their place. */
export const pattern = (length) => Buffer.from(Uint8Array.from({ length }, (_, index) => index % 251));

/** One exchange to its end. `trailers`: to be sent after the body. */
function exchange(session, headers, { body = null, trailers = null, cancelAfterHead = false } = {}) {
  return new Promise((resolve) => {
    const options = { endStream: body === null, ...(trailers === null ? {} : { waitForTrailers: true }) };
    const stream = session.request(headers, options);
    const result = { status: 0, fields: {}, interim: [], trailers: {}, code: null, error: null };
    const parts = [];
    const timer = setTimeout(() => {
      result.error = "timeout";
      stream.close();
    }, LIMIT);
    stream.on("headers", (fields) => result.interim.push(fields[":status"]));
    stream.on("response", (fields) => {
      result.status = fields[":status"];
      result.fields = Object.fromEntries(Object.entries(fields).filter(([name]) => name.startsWith("x-")));
      if (cancelAfterHead) stream.close(http2.constants.NGHTTP2_CANCEL);
    });
    stream.on("trailers", (fields) => result.trailers = { ...fields });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    stream.on("data", (data) => parts.push(data));
    stream.on("error", (error) => result.error = String(error.message));
    stream.on("close", () => {
      clearTimeout(timer);
      const bytes = Buffer.concat(parts);
      result.code = stream.rstCode;
      resolve({
        ...result,
        length: bytes.length,
        hash: sha256(bytes),
        text: bytes.toString("latin1").slice(0, 100),
      });
    });
    if (body !== null) stream.end(body);
  });
}

function pushed(session) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), LIMIT);
    session.once("stream", (stream, requestHeaders) => {
      const parts = [];
      let status = 0;
      stream.on("push", (fields) => status = fields[":status"]);
      stream.on("data", (data) => parts.push(data));
      stream.on("end", () => {
        clearTimeout(timer);
        resolve({ path: requestHeaders[":path"], status, text: Buffer.concat(parts).toString() });
      });
    });
  });
}

/** `skip`: names of what this implementation cannot do. */
export async function playClient(port, skip = []) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const results = {};
  const failure = new Promise((_, reject) => session.on("error", reject));
  const scenarios = {
    hello: () => exchange(session, { ":path": "/hello", "x-echo": "some value" }),
    head: () => exchange(session, { ":path": "/hello", ":method": "HEAD" }),
    empty: () => exchange(session, { ":path": "/empty" }),
    echo: () => exchange(session, { ":path": "/echo", ":method": "POST" }, { body: pattern(300_000) }),
    large: () => exchange(session, { ":path": "/large" }),
    interim: () => exchange(session, { ":path": "/interim" }),
    trailers: () =>
      exchange(session, { ":path": "/trailers", ":method": "POST" }, {
        body: "x",
        trailers: { "x-sum": "17" },
      }),
    longField: () => exchange(session, { ":path": "/hello", "x-echo": "y".repeat(30_000) }),
    reset: () => exchange(session, { ":path": "/reset" }),
    cancel: () => exchange(session, { ":path": "/endless" }, { cancelAfterHead: true }),
    push: async () => {
      const push = pushed(session);
      const response = await exchange(session, { ":path": "/push" });
      return { response, push: await push };
    },
    connect: () =>
      exchange(session, { ":method": "CONNECT", ":authority": "a:1" }, { body: "through the tunnel" }),
    ping: () =>
      new Promise((resolve) =>
        session.ping(
          Buffer.from("abcdefgh"),
          (error, _, payload) => resolve(error ? String(error) : String(payload)),
        )
      ),
    parallel: () => Promise.all(Array.from({ length: 50 }, () => exchange(session, { ":path": "/hello" }))),
  };
  for (const [name, play] of Object.entries(scenarios)) {
    if (!skip.includes(name)) results[name] = await Promise.race([play(), failure]);
  }
  const closed = new Promise((resolve) => session.once("close", resolve));
  session.close();
  await closed;
  return results;
}

/** A server that answers as /hello, /echo, … ask; its port and how to close it. */
export async function startServer() {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  const sessions = new Set();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    answer(stream, headers[":method"], headers[":path"], headers);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: server.address().port, close };
}

function answer(stream, method, path, headers) {
  if (method === "CONNECT") {
    stream.respond({ ":status": 200 });
    stream.pipe(stream);
    return;
  }
  switch (path) {
    case "/hello":
      stream.respond({ ":status": 200, "x-echo": headers["x-echo"] ?? "none" });
      stream.end(method === "HEAD" ? undefined : "hello");
      return;
    case "/empty":
      stream.respond({ ":status": 204 }, { endStream: true });
      return;
    case "/echo":
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
      return;
    case "/large":
      stream.respond({ ":status": 200 });
      stream.end(pattern(3_000_000));
      return;
    case "/interim":
      stream.additionalHeaders({ ":status": 103, "x-early": "1" });
      stream.additionalHeaders({ ":status": 103, "x-early": "2" });
      stream.respond({ ":status": 200 });
      stream.end("late");
      return;
    case "/trailers": {
      let got = {};
      stream.on("trailers", (fields) => got = fields);
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-back": got["x-sum"] ?? "none" }));
      stream.on("data", () => {});
      stream.on("end", () => stream.end("body"));
      return;
    }
    case "/reset":
      stream.respond({ ":status": 200 });
      // `close()` would end the body first.
      stream.write("some", () => setImmediate(() => stream.destroy(new Error("on purpose"))));
      return;
    case "/push":
      if (!stream.pushAllowed) {
        stream.respond({ ":status": 200 });
        stream.end("no push");
        return;
      }
      stream.pushStream({ ":path": "/pushed" }, (error, push) => {
        if (error === null) {
          push.on("error", () => {});
          push.respond({ ":status": 200 });
          push.end("pushed");
        }
        stream.respond({ ":status": 200 });
        stream.end("asked for");
      });
      return;
    default:
      stream.respond({ ":status": 404 }, { endStream: true });
  }
}

const [, , role, port] = process.argv;
if (process.argv[1]?.endsWith("node_peer.mjs")) {
  if (role === "client") {
    console.log(JSON.stringify(await playClient(Number(port))));
    process.exit(0);
  } else if (role === "server") {
    const server = await startServer();
    console.log(server.port);
    process.stdin.resume();
    process.stdin.on("end", () => process.exit(0));
  }
}
