// gRPC with grpc-js on both ends: a service by hand, without .proto files, and what its client sees of it. In a process of
// its own, with its own lock file, so that grpc-js is no dependency of the program. Its argument is where grpc-js comes from;
// it says its server's port, then does what it is asked; see tests/kit/peer_program.ts.

import { Buffer } from "node:buffer";
import process from "node:process";
import { createInterface } from "node:readline";

const grpc = (await import(process.argv[2])).default;

const bytes = (value) => value;
const method = (name, requestStream, responseStream) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

/** What is said in messages are plain bytes. */
const service = {
  Unary: method("Unary", false, false),
  Fail: method("Fail", false, false),
  Down: method("Down", false, true),
  Up: method("Up", true, false),
  Both: method("Both", true, true),
};

let onCancelled = null;
const cancelled = new Promise((resolve) => onCancelled = resolve);

function metadata(fields) {
  const made = new grpc.Metadata();
  for (const [name, value] of Object.entries(fields)) made.set(name, value);
  return made;
}

const server = new grpc.Server();
server.addService(service, {
  Unary(call, callback) {
    call.sendMetadata(metadata({ "x-head": "head" }));
    const trailers = {
      "x-asked": call.metadata.get("x-asked")[0],
      "x-sum-bin": Buffer.from([0, 255, 10, 13]),
    };
    callback(null, Buffer.concat([Buffer.from("re: "), call.request]), metadata(trailers));
  },
  Fail(_call, callback) {
    callback({
      code: grpc.status.NOT_FOUND,
      details: "not here: ä, %",
      metadata: metadata({ "x-why": "because" }),
    });
  },
  Down(call) {
    for (let index = 0; index < Number(call.request.toString()); index++) {
      call.write(Buffer.from(`d${index}`));
    }
    call.end();
  },
  Up(call, callback) {
    let length = 0;
    call.on("data", (message) => length += message.length);
    call.on("end", () => callback(null, Buffer.from(String(length))));
  },
  Both(call) {
    call.on("cancelled", () => onCancelled());
    call.on("data", (message) => call.write(Buffer.concat([Buffer.from("re: "), message])));
    call.on("end", () => call.end());
  },
});

/** In the clear: under Deno, grpc-js serves nothing else. */
function listen() {
  return new Promise((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync(
      "127.0.0.1:0",
      credentials,
      (error, port) => error === null ? resolve(port) : reject(error),
    );
  });
}

/** `port`: of the origin; `connectTo`: a port that leads there. */
function connect({ scheme, port, connectTo, ca }) {
  const credentials = scheme === "http"
    ? grpc.credentials.createInsecure()
    : grpc.credentials.createSsl(Buffer.from(ca));
  return new grpc.Client(`ipv4:127.0.0.1:${connectTo}`, credentials, {
    "grpc.default_authority": `localhost:${port}`,
    "grpc.enable_retries": 0,
    "grpc.use_local_subchannel_pool": 1,
    ...scheme === "https" ? { "grpc.ssl_target_name_override": "localhost" } : {},
  });
}

/** A call that takes longer has hung. */
const options = () => ({ deadline: Date.now() + 10_000 });

function statusOf({ code, details, metadata }) {
  const trailers = {};
  for (const name of Object.keys(metadata.getMap())) {
    // A call that fails at once has its status in the place of a head.
    if (name === "content-type" || name === "date") continue;
    const value = metadata.get(name)[0] ?? "";
    trailers[name] = typeof value === "string" ? value : value.toString("hex");
  }
  return { code, details, trailers };
}

function ended(call) {
  // What it says with the status is all there is to say.
  call.on("error", () => {});
  return new Promise((resolve) => call.on("status", (status) => resolve(statusOf(status))));
}

async function unary(client, name, message) {
  let head = "";
  let status = null;
  const answer = await new Promise((resolve) => {
    const call = client.makeUnaryRequest(
      service[name].path,
      bytes,
      bytes,
      Buffer.from(message),
      metadata({ "x-asked": "asked" }),
      options(),
      (_error, value) => resolve(value?.toString() ?? ""),
    );
    call.on("metadata", (received) => head = received.get("x-head")[0] ?? "");
    status = new Promise((resolve) => call.on("status", (received) => resolve(statusOf(received))));
  });
  return { ...await status, head, answer };
}

async function down(client, count) {
  const { path } = service.Down;
  const call = client.makeServerStreamRequest(path, bytes, bytes, Buffer.from(String(count)), options());
  const messages = [];
  call.on("data", (message) => messages.push(message.toString()));
  return { ...await ended(call), messages };
}

/** Sends `count` messages of `size` bytes, as fast as they are taken; how many bytes the server counted. */
async function up(client, count, size) {
  let answer = "";
  const call = client.makeClientStreamRequest(
    service.Up.path,
    bytes,
    bytes,
    options(),
    (_error, value) => answer = value?.toString() ?? "",
  );
  const status = ended(call);
  const message = Buffer.alloc(size, "m");
  for (let index = 0; index < count; index++) {
    if (!call.write(message)) await new Promise((resolve) => call.once("drain", resolve));
  }
  call.end();
  return { ...await status, answer };
}

/** Each message is sent once the answer to the one before it has come; `cancel`: then the client gives up. */
async function both(client, count, cancel) {
  const call = client.makeBidiStreamRequest(service.Both.path, bytes, bytes, options());
  const status = ended(call);
  const messages = [];
  let next = null;
  call.on("data", (message) => {
    messages.push(message.toString());
    next();
  });
  for (let index = 0; index < count; index++) {
    const answered = new Promise((resolve) => next = resolve);
    call.write(Buffer.from(`m${index}`));
    await Promise.race([answered, status]);
  }
  if (cancel) call.cancel();
  else call.end();
  return { ...await status, messages };
}

/** One call of each kind after the other. */
async function callAll({ to, count, size }) {
  const client = connect(to);
  try {
    return {
      unary: await unary(client, "Unary", "hello"),
      fail: await unary(client, "Fail", "hello"),
      down: await down(client, count),
      up: await up(client, count, size),
      both: await both(client, count, false),
      cancelled: await both(client, 3, true),
    };
  } finally {
    client.close();
  }
}

const commands = { callAll, cancelled: () => cancelled };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

await next();
say(await listen());
for (let asked = await next(); asked !== null; asked = await next()) {
  const { id, ask, with: parameters } = asked;
  try {
    say({ id, result: await commands[ask](parameters) ?? null });
  } catch (error) {
    say({ id, error: error.stack ?? String(error) });
  }
}
process.exit(0);
