// Our codec and the programs of nghttp2 and curl, joined by a socket, in both roles: with padding, CONTINUATION, small
// tables, trailers, pushes.

import assert from "node:assert/strict";
import { Fields } from "../../lib/http/fields.ts";
import { startNghttpd } from "../kit/nghttpd_origin.ts";
import { peer, type PeerName, peerTest } from "../kit/peers.ts";
import { cancel, requestHead } from "./drive.ts";
import { dial, LARGE, Listening, pattern, type SocketWire } from "./socket_wire.ts";

/** How long a program may run, in milliseconds. */
const LIMIT = 30_000;

async function run(
  name: PeerName,
  args: readonly string[],
  stdin?: Uint8Array,
): Promise<{ code: number; bytes: Uint8Array; text: string }> {
  const child = new Deno.Command(peer(name)!, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(LIMIT),
  }).spawn();
  const writer = child.stdin.getWriter();
  const written = (async () => {
    if (stdin !== undefined) await writer.write(stdin);
    await writer.close();
  })();
  const { code, stdout, stderr } = await child.output();
  await written;
  return {
    code,
    bytes: stdout,
    text: new TextDecoder("latin1").decode(stdout) + new TextDecoder().decode(stderr),
  };
}

/** No fault and no note on any connection. */
function assertClean(listening: Listening): void {
  for (const { wire } of listening.connections) {
    assert.deepEqual(wire.texts().filter((line) => /^(fault|note (?!goaway))/.test(line)), []);
  }
}

const url = (listening: Listening, path: string): string => `http://127.0.0.1:${listening.port}${path}`;

peerTest(["nghttp"], "peers: nghttp gets, with all fields in CONTINUATION", async () => {
  await using listening = new Listening();
  const { text, code } = await run("nghttp", [
    "--continuation",
    "-H",
    "x-echo: back",
    url(listening, "/hello"),
  ]);
  assert.equal(code, 0);
  assert.ok(text.includes("hello"), text);
  const [head] = listening.connections[0]!.wire.texts();
  assert.match(head!, /^#13 GET http:\/\/127\.0\.0\.1:\d+ \/hello \{.*x-echo: back.*\} end$/);
  assertClean(listening);
});

peerTest(["nghttp"], "peers: nghttp uploads, padded, with trailers, and gets it all back", async () => {
  await using listening = new Listening();
  const body = pattern(200_000);
  const echo = await run("nghttp", ["-b", "200", "-d", "-", url(listening, "/echo")], body);
  assert.deepEqual(echo.bytes, body);
  const { wire } = listening.connections[0]!;
  assert.ok(wire.credit > body.length, "padding is part of the credit");
  const trailers = await run(
    "nghttp",
    [
      "-v",
      "-b",
      "50",
      "--no-content-length",
      "-d",
      "-",
      "--trailer",
      "x-sum: 17",
      url(listening, "/trailers"),
    ],
    Uint8Array.of(120),
  );
  assert.match(trailers.text, /x-back: 17/);
  assertClean(listening);
});

peerTest(["nghttp"], "peers: nghttp downloads, with small windows and small tables", async () => {
  await using listening = new Listening();
  const { bytes } = await run("nghttp", ["-w", "10", "-W", "12", "-c", "0", url(listening, "/large")]);
  assert.equal(bytes.length, LARGE);
  assert.deepEqual(bytes, pattern(LARGE));
  assertClean(listening);
});

peerTest(["nghttp"], "peers: nghttp takes a push, or does not", async () => {
  await using listening = new Listening();
  const both = await run("nghttp", [url(listening, "/push")]);
  assert.ok(both.text.includes("asked for") && both.text.includes("pushed"), both.text);
  const one = await run("nghttp", ["--no-push", url(listening, "/push")]);
  assert.equal(one.text, "no push");
  assertClean(listening);
});

peerTest(["nghttp"], "peers: nghttp sees interim responses, and resets", async () => {
  await using listening = new Listening();
  const interim = await run("nghttp", ["-v", url(listening, "/interim")]);
  assert.match(interim.text, /:status: 103[^]*x-early: 1[^]*:status: 103[^]*x-early: 2[^]*:status: 200/);
  const reset = await run("nghttp", ["-v", url(listening, "/reset")]);
  assert.match(reset.text, /recv RST_STREAM[^]*INTERNAL_ERROR/);
  assertClean(listening);
});

peerTest(["h2load"], "peers: h2load, many streams on several connections", async () => {
  await using listening = new Listening();
  const args = ["-n", "2000", "-c", "4", "-m", "50", url(listening, "/hello")];
  const { text } = await run("h2load", args);
  assert.match(text, /2000 succeeded, 0 failed, 0 errored, 0 timeout/);
  assert.equal(listening.connections.length, 4);
  assertClean(listening);
});

peerTest(["curl"], "peers: curl gets and uploads", async () => {
  await using listening = new Listening();
  // One a run: curl 7.88 cannot use a connection that it took for HTTP/2 by prior knowledge a second time.
  const { text, code } = await run("curl", [
    "-q",
    "-sS",
    "--http2-prior-knowledge",
    url(listening, "/hello"),
  ]);
  assert.equal(code, 0);
  assert.equal(text, "hello");
  const echo = await run(
    "curl",
    ["-q", "-s", "--http2-prior-knowledge", "--data-binary", "@-", url(listening, "/echo")],
    pattern(300_000),
  );
  assert.deepEqual(echo.bytes, pattern(300_000));
  assertClean(listening);
});

/** nghttpd with these files, and our client connected to it. */
async function withNghttpd(
  args: readonly string[],
  files: Record<string, Uint8Array>,
  play: (connection: SocketWire) => Promise<void>,
): Promise<void> {
  await using origin = await startNghttpd({ scheme: "http", args, files });
  const connection = await dial(origin.port);
  try {
    await play(connection);
    const { wire } = connection;
    assert.deepEqual(wire.texts().filter((line) => /^(fault|note)/.test(line)), []);
  } finally {
    await connection.close();
  }
}

/** The lines and the body of one response. */
async function finished(
  connection: SocketWire,
  stream: number,
): Promise<{ lines: string[]; body: Uint8Array }> {
  const { wire } = connection;
  const last = new RegExp(`^#${stream} (end$|trailers |reset |(?!push).* end$)`);
  await connection.until(() => wire.texts().some((line) => last.test(line)));
  const parts = wire.events.flatMap((event) =>
    event.kind === "data" && event.stream === stream ? [event.data] : []
  );
  return {
    lines: wire.texts().filter((line) => line.startsWith(`#${stream} `)),
    body: new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()),
  };
}

const get = (path: string, fields = new Fields()) => requestHead("GET", path, { scheme: "http", fields });

peerTest(["nghttpd"], "peers: nghttpd's files, padded, with trailers", async () => {
  const files = { "large": pattern(LARGE), "small": pattern(10) };
  await withNghttpd(["--padding=200", "--trailer=x-sum: 17"], files, async (connection) => {
    const { wire } = connection;
    const large = await finished(connection, wire.request(get("/large")));
    assert.deepEqual(large.body, pattern(LARGE));
    assert.match(large.lines.at(-1)!, /trailers \{x-sum: 17\}$/);
    assert.match(large.lines[0]!, new RegExp(` 200 \\{.*content-length: ${LARGE}.*\\} length ${LARGE}$`));
    assert.ok(wire.credit > LARGE, "padding is part of the credit");
    const streams = Array.from({ length: 60 }, () => wire.request(get("/small")));
    for (const stream of streams) assert.deepEqual((await finished(connection, stream)).body, pattern(10));
    assert.match((await finished(connection, wire.request(get("/none")))).lines[0]!, / 404 /);
    const head = wire.request(requestHead("HEAD", "/small", { scheme: "http" }));
    assert.match((await finished(connection, head)).lines[0]!, / 200 .* end$/);
  });
});

peerTest(["nghttpd"], "peers: nghttpd echoes an upload, with windows of its own", async () => {
  await withNghttpd(
    ["--echo-upload", "--window-bits=12", "--connection-window-bits=14"],
    {},
    async (connection) => {
      const { wire } = connection;
      const stream = wire.request(requestHead("POST", "/", { scheme: "http", framing: "stream" }), false);
      wire.sendData(stream, pattern(500_000), true);
      assert.deepEqual((await finished(connection, stream)).body, pattern(500_000));
    },
  );
});

peerTest(["nghttpd"], "peers: nghttpd pushes when asked to, and not before", async () => {
  const files = { "page": pattern(100), "style": pattern(50) };
  await withNghttpd(["--push=/page=/style"], files, async (connection) => {
    const { wire } = connection;
    await finished(connection, wire.request(get("/page")));
    assert.ok(!wire.texts().some((line) => line.includes(" push ")));
    wire.codec.offer({ push: true, extendedConnect: false });
    wire.turn();
    await finished(connection, wire.request(get("/page")));
    const promise = wire.events.find((event) => event.kind === "push")!;
    assert.ok(promise.kind === "push");
    assert.equal(promise.head.path, "/style");
    assert.equal(promise.parent, 3);
    assert.deepEqual((await finished(connection, promise.stream)).body, pattern(50));
  });
});

peerTest(["nghttpd"], "peers: nghttpd with a table of another size, and few streams at a time", async () => {
  const files = { "small": pattern(10) };
  await withNghttpd(["--header-table-size=100", "--max-concurrent-streams=3"], files, async (connection) => {
    const { wire } = connection;
    await finished(connection, wire.request(get("/small")));
    for (let count = 0; count < 20; count++) {
      const stream = wire.request(
        get("/small", Fields.of(["x-count", String(count)], ["x-same", "y".repeat(40)])),
      );
      assert.deepEqual((await finished(connection, stream)).body, pattern(10));
    }
    const open = [1, 2, 3].map(() => wire.request(requestHead("POST", "/", { framing: "stream" }), false));
    assert.equal(wire.codec.openStream(), null);
    for (const stream of open) cancel(wire, stream);
    assert.equal(wire.codec.canOpen, true);
    assert.deepEqual((await finished(connection, wire.request(get("/small")))).body, pattern(10));
  });
});
