// Node's own clients with one face for HTTP/1.1 and HTTP/2, to an origin directly or through the proxy in each way.

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";
import { limited, pairs } from "./http2_node_origin.mjs";

/** Fields of one connection, and those that differ from run to run. */
const IGNORED = new Set(["date", "connection", "keep-alive", "transfer-encoding"]);

/**
 * `to`: { version: "h1" | "h2", way: "direct" | "explicit" | "tunnel" | "reverse" | "h2 tunnel", scheme, port (of the
 * origin), proxyPort, ca, settings }.
 */
export async function openClient(to) {
  const client = to.version === "h2" ? new Http2Client(to) : new Http1Client(to);
  await client.open();
  return client;
}

class Http1Client {
  #to;
  #sockets = [];

  constructor(to) {
    this.#to = to;
  }

  async open() {}

  request({ method = "GET", path, headers = [], trailers = [], expect = false }) {
    const { scheme, port, way } = this.#to;
    const exchange = new Exchange();
    (async () => {
      const socket = await secured(this.#to, ["http/1.1"]);
      this.#sockets.push(socket);
      const flat = [["Host", `localhost:${port}`], ...headers].flat();
      if (trailers.length > 0) {
        flat.push(
          "TE",
          "trailers",
          "Trailer",
          trailers.map(([name]) => name).join(", "),
        );
      }
      const sent = http.request({
        createConnection: () => socket,
        method,
        path: way === "explicit" ? `${scheme}://localhost:${port}${path}` : path,
        headers: expect ? [...flat, "Expect", "100-continue"] : flat,
      });
      sent.on("information", ({ statusCode, rawHeaders }) => exchange.interim(statusCode, rawHeaders));
      sent.on("continue", () => exchange.onContinue());
      sent.on("response", (response) => {
        exchange.head(response.statusCode, response.rawHeaders);
        response.on("data", (data) => exchange.data(data));
        response.on("end", () => exchange.end(response.rawTrailers, null));
        response.on("error", (error) => exchange.fail(error));
        exchange.reader = response;
      });
      sent.on("error", (error) => exchange.fail(error));
      if (trailers.length > 0) sent.addTrailers(trailers);
      if (expect) sent.flushHeaders();
      exchange.bind(sent, () => socket.destroy());
    })().catch((error) => exchange.fail(error));
    return exchange;
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
  }
}

class Http2Client {
  session = null;
  /** Code and last stream of each GOAWAY that came. */
  goaways = [];
  #to;
  #socket = null;

  constructor(to) {
    this.#to = to;
  }

  async open() {
    const { scheme, port, settings } = this.#to;
    this.#socket = await secured(this.#to, ["h2"]);
    this.session = http2.connect(`${scheme}://localhost:${port}`, {
      createConnection: () => this.#socket,
      settings: { enablePush: false, ...settings },
      peerMaxConcurrentStreams: 1000,
    });
    this.session.on("error", () => {});
    this.session.on("goaway", (code, last) => this.goaways.push([code, last]));
    await new Promise((resolve, reject) => {
      this.session.once("remoteSettings", resolve);
      this.session.once("error", reject);
      this.session.once("close", () => reject(new Error("the session closed at once")));
    });
  }

  request({ method = "GET", path, headers = [], trailers = [], expect = false, more = {} }) {
    const exchange = new Exchange();
    const fields = { ":method": method, ":path": path };
    for (const [name, value] of headers) {
      const key = name.toLowerCase();
      fields[key] = key in fields ? [fields[key], value].flat() : value;
    }
    if (trailers.length > 0) fields.te = "trailers";
    if (expect) fields.expect = "100-continue";
    const stream = this.session.request(fields, {
      endStream: false,
      waitForTrailers: trailers.length > 0,
      ...more,
    });
    exchange.stream = stream;
    stream.on("wantTrailers", () => stream.sendTrailers(Object.fromEntries(trailers)));
    // Node gives raw lines as a third argument.
    stream.on("headers", (head, _flags, raw) => exchange.interim(head[":status"], raw));
    stream.on("continue", () => exchange.onContinue());
    stream.on("response", (head, _flags, raw) => exchange.head(head[":status"], raw));
    stream.on("data", (data) => exchange.data(data));
    let received = [];
    stream.on("trailers", (_trailers, _flags, raw) => received = raw);
    stream.on("error", (error) => exchange.fail(error, stream.rstCode));
    stream.on("close", () => exchange.end(received, stream.rstCode));
    exchange.reader = stream;
    exchange.bind(stream, (code) => stream.close(code));
    return exchange;
  }

  close() {
    this.session?.destroy();
    this.#socket?.destroy();
  }
}

/** One request and its response, as they come. */
class Exchange {
  /** What the client reads from: `pause()` and `resume()` are its. Known once the response's head has come. */
  reader = null;
  received = [];
  length = 0;
  #hash = createHash("sha256");
  #answer = { status: null, interim: [], fields: [], trailers: [], error: null, code: null };
  #head = deferred();
  #done = deferred();
  #bound = deferred();
  #continued = deferred();
  #waiters = [];

  /** Resolves once the response's head has come, with its status; or when there will be none. */
  get answered() {
    return limited(this.#head.promise, "the response's head");
  }

  /** Everything that came, once it is over: also when it failed. */
  get done() {
    return limited(this.#done.promise, "the end of an exchange");
  }

  /** Resolves once 100 has come, or a final response. */
  get continued() {
    return limited(Promise.race([this.#continued.promise, this.#head.promise]), "100");
  }

  get text() {
    return Buffer.concat(this.received).toString("latin1");
  }

  /** Waits until so many bytes of the body have come, or until it is over. */
  async until(length) {
    while (this.length < length && this.#waiters !== null) {
      await limited(new Promise((resolve) => this.#waiters.push(resolve)), `${length} bytes`);
    }
  }

  async write(data) {
    const sent = await this.#bound.promise;
    if (this.#waiters !== null && !sent.write(data)) {
      await Promise.race([
        new Promise((resolve) => sent.once("drain", resolve)),
        this.#done.promise,
      ]);
    }
  }

  async finish(data) {
    (await this.#bound.promise).end(data);
  }

  async reset(code) {
    await this.#bound.promise;
    this.resetWith(code);
  }

  bind(sent, resetWith) {
    this.resetWith = resetWith;
    sent.on("error", () => {});
    this.#bound.resolve(sent);
  }

  onContinue() {
    this.#answer.interim.push([100, []]);
    this.#continued.resolve();
  }

  interim(status, raw) {
    // 100 has an event of its own; Node's HTTP/1 gives it as "information", too.
    if (status !== 100) this.#answer.interim.push([status, shown(raw)]);
  }

  head(status, raw) {
    this.#answer.status = status;
    this.#answer.fields = shown(raw);
    this.#head.resolve(status);
  }

  data(data) {
    this.#hash.update(data);
    this.length += data.length;
    if (this.length < 20_000) this.received.push(data);
    this.#wake();
  }

  fail(error, code = null) {
    this.#answer.error ??= error.code ?? error.message;
    this.#finish(code);
  }

  end(rawTrailers, code) {
    this.#answer.trailers = pairs(rawTrailers ?? []);
    this.#finish(code);
  }

  #finish(code) {
    this.#answer.code ??= code;
    this.#bound.resolve({ write: () => true, end: () => {} });
    this.#head.resolve(this.#answer.status);
    const text = this.length < 20_000 ? this.text : null;
    // Called again when a stream that failed closes: the hash is taken once.
    if (this.#waiters !== null) {
      this.#done.resolve({ ...this.#answer, length: this.length, hash: this.#hash.digest("hex"), text });
    }
    this.#wake(null);
  }

  #wake(next = []) {
    const waiters = this.#waiters ?? [];
    this.#waiters = this.#waiters === null ? null : next;
    for (const waiter of waiters) waiter();
  }
}

function shown(raw) {
  return pairs(raw).filter(([name]) => !IGNORED.has(name));
}

/** A socket to the origin or the proxy, TLS on it where the scheme says so. */
export async function secured(to, protocols) {
  const socket = await connected(to);
  if (to.scheme === "http") return socket;
  const secure = tls.connect({ socket, ca: to.ca, servername: "localhost", ALPNProtocols: protocols });
  await new Promise((resolve, reject) => secure.once("secureConnect", resolve).once("error", reject));
  if (secure.alpnProtocol !== protocols[0]) throw new Error(`ALPN gave ${secure.alpnProtocol}`);
  return secure;
}

async function connected({ way, scheme, port, proxyPort }) {
  switch (way) {
    case "direct":
      return await dial(port);
    case "explicit":
    case "reverse":
      return await dial(proxyPort);
    case "tunnel": {
      const asking = http.request({
        port: proxyPort,
        method: "CONNECT",
        path: `localhost:${port}`,
        agent: false,
      });
      asking.end();
      const [response, socket] = await new Promise((resolve, reject) => {
        asking.on("connect", (...answer) => resolve(answer)).on("error", reject);
      });
      if (response.statusCode !== 200) throw new Error(`CONNECT: ${response.statusCode}`);
      return socket;
    }
    case "h2 tunnel": {
      const session = http2.connect(`http://127.0.0.1:${proxyPort}`);
      session.on("error", () => {});
      const stream = session.request({ ":method": "CONNECT", ":authority": `localhost:${port}` });
      const head = await new Promise((resolve, reject) => {
        stream.on("response", resolve).on("error", reject);
      });
      if (head[":status"] !== 200) throw new Error(`CONNECT: ${head[":status"]}`);
      stream.on("close", () => session.close());
      return stream;
    }
    default:
      throw new Error(`no way ${way} for ${scheme}`);
  }
}

async function dial(port) {
  const socket = net.connect({ host: "127.0.0.1", port, noDelay: true });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

/** `Promise.withResolvers`, which Node has since version 22. */
function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
