// Our codec and the http2 of Node and of Deno, joined by a socket, in both roles.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Fields } from "../../lib/http/fields.ts";
import { peer, peerTest } from "../kit/peers.ts";
import { connectHead, requestHead } from "./drive.ts";
import { playClient, startServer } from "./node_peer.mjs";
import { dial, LARGE, Listening, pattern, type SocketWire } from "./socket_wire.ts";

const program = fileURLToPath(new URL("node_peer.mjs", import.meta.url));
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

interface Result {
  status: number;
  fields: Record<string, string>;
  interim: number[];
  trailers: Record<string, string>;
  code: number;
  error: string | null;
  length: number;
  hash: string;
  text: string;
}

type Results = Record<string, Result> & {
  ping: unknown;
  parallel: unknown;
  push: unknown;
};

/** What any client must have seen of our server. */
function checkResults(results: Results, skipped: readonly string[]): void {
  const check = (name: string, expected: Partial<Result>): void => {
    if (skipped.includes(name)) return;
    const result = results[name]!;
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(
        result[key as keyof Result],
        value,
        `${name}: ${key} of ${JSON.stringify(result).slice(0, 300)}`,
      );
    }
  };
  check("hello", { status: 200, text: "hello", fields: { "x-echo": "some value" }, error: null });
  check("head", { status: 200, length: 0, error: null });
  check("empty", { status: 204, length: 0, error: null });
  check("echo", { status: 200, length: 300_000, hash: sha256(pattern(300_000)), error: null });
  check("large", { status: 200, length: LARGE, hash: sha256(pattern(LARGE)), error: null });
  check("interim", { status: 200, text: "late", interim: [103, 103] });
  check("trailers", { status: 200, text: "body", trailers: { "x-back": "17" } });
  check("longField", { status: 200, fields: { "x-echo": "y".repeat(30_000) } });
  check("reset", { status: 200, text: "some", code: 2 });
  check("cancel", { status: 200, code: 8 });
  check("connect", { status: 200, text: "through the tunnel", error: null });
  if (!skipped.includes("push")) {
    const { response, push } = results.push as {
      response: Result;
      push: { path: string; status: number; text: string };
    };
    assert.equal(response.text, "asked for");
    assert.deepEqual(push, { path: "/pushed", status: 200, text: "pushed" });
  }
  if (!skipped.includes("ping")) assert.equal(results.ping, "abcdefgh");
  for (const { status, text } of results.parallel as Result[]) {
    assert.deepEqual([status, text], [200, "hello"]);
  }
}

function checkServer(listening: Listening): void {
  assert.equal(listening.connections.length, 1);
  const { wire } = listening.connections[0]!;
  assert.deepEqual(wire.texts().filter((line) => line.startsWith("fault") || line.startsWith("note")), []);
}

peerTest(["node"], "peers: Node's client and our server", async () => {
  await using listening = new Listening();
  const command = new Deno.Command(peer("node")!, {
    args: ["--no-warnings", program, "client", String(listening.port)],
    stdout: "piped",
    stderr: "inherit",
    signal: AbortSignal.timeout(60_000),
  });
  const { stdout, code } = await command.output();
  assert.equal(code, 0);
  checkResults(JSON.parse(new TextDecoder().decode(stdout)), []);
  checkServer(listening);
});

Deno.test("peers: Deno's client and our server", async () => {
  await using listening = new Listening();
  const skipped: string[] = [];
  const results = await playClient(listening.port, skipped);
  checkResults(JSON.parse(JSON.stringify(results)), skipped);
  checkServer(listening);
});

/** Plays all that a server of node_peer.mjs can be asked. */
async function playServer(connection: SocketWire, skipped: readonly string[] = []): Promise<void> {
  const { wire } = connection;
  const fetch = async (
    method: string,
    path: string,
    { body, trailers, fields = new Fields() }: { body?: Uint8Array; trailers?: Fields; fields?: Fields } = {},
  ): Promise<{ lines: string[]; body: Uint8Array }> => {
    const head = method === "CONNECT" ? connectHead(path) : requestHead(method, path, {
      scheme: "http",
      fields,
      framing: body === undefined ? "none" : "stream",
    });
    const stream = wire.request(head, body === undefined || method === "CONNECT");
    if (body !== undefined) {
      if (method === "CONNECT") {
        await connection.until(() => wire.texts().some((line) => line.startsWith(`#${stream} 200`)));
        wire.codec.tunnel(stream);
        wire.turn();
      }
      wire.sendData(stream, body, trailers === undefined);
    }
    if (trailers !== undefined) wire.send({ kind: "trailers", stream, fields: trailers });
    const last = new RegExp(`^#${stream} (end$|trailers |reset |(?!push).* end$)`);
    await connection.until(() => wire.texts().some((line) => last.test(line)));
    const lines = wire.texts().filter((line) => line.startsWith(`#${stream} `));
    const parts = wire.events.flatMap((event) =>
      event.kind === "data" && event.stream === stream ? [event.data] : []
    );
    return { lines, body: new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()) };
  };
  const text = ({ body }: { body: Uint8Array }): string => String.fromCharCode(...body.subarray(0, 100));
  const hello = await fetch("GET", "/hello", { fields: Fields.of(["x-echo", "some value"]) });
  assert.equal(text(hello), "hello");
  assert.match(hello.lines[0]!, /^#1 200 \{.*x-echo: some value.*\} stream$/);
  assert.match((await fetch("HEAD", "/hello")).lines[0]!, / 200 \{.*\} end$/);
  assert.match((await fetch("GET", "/empty")).lines[0]!, / 204 \{.*\} end$/);
  assert.deepEqual((await fetch("POST", "/echo", { body: pattern(300_000) })).body, pattern(300_000));
  assert.deepEqual((await fetch("GET", "/large")).body, pattern(LARGE));
  const long = await fetch("GET", "/hello", { fields: Fields.of(["x-echo", "y".repeat(30_000)]) });
  assert.ok(long.lines[0]!.includes("y".repeat(30_000)));
  if (!skipped.includes("interim")) {
    const interim = await fetch("GET", "/interim");
    assert.deepEqual(interim.lines.slice(0, 2).map((line) => line.replace(/^#\d+ /, "")), [
      "103 {x-early: 1} none",
      "103 {x-early: 2} none",
    ]);
    assert.equal(text(interim), "late");
  }
  if (!skipped.includes("trailers")) {
    const body = Uint8Array.of(1);
    const trailers = await fetch("POST", "/trailers", { body, trailers: Fields.of(["x-sum", "17"]) });
    assert.equal(text(trailers), "body");
    assert.match(trailers.lines.at(-1)!, /trailers \{x-back: 17\}$/);
  }
  if (!skipped.includes("reset")) {
    assert.match((await fetch("GET", "/reset")).lines.at(-1)!, /reset stream INTERNAL_ERROR$/);
  }
  if (!skipped.includes("connect")) {
    const tunnel = await fetch("CONNECT", "a:1", {
      body: Uint8Array.from("through", (c) => c.charCodeAt(0)),
    });
    assert.equal(text(tunnel), "through");
  }
  await Promise.all(
    Array.from({ length: 50 }, async () => assert.equal(text(await fetch("GET", "/hello")), "hello")),
  );
  if (!skipped.includes("push")) {
    assert.equal(text(await fetch("GET", "/push")), "no push");
    wire.codec.offer({ push: true, extendedConnect: false });
    wire.turn();
    assert.equal(text(await fetch("GET", "/push")), "asked for");
    await connection.until(() => wire.texts().includes("#2 end"));
    assert.match(
      wire.texts().find((line) => line.includes(" push "))!,
      /push #2 GET http:\/\/a \/pushed /,
    );
    assert.ok(wire.texts().includes('#2 body "pushed"'));
  }
  assert.ok(wire.codec.ping());
  wire.turn();
  assert.deepEqual(wire.texts().filter((line) => line.startsWith("fault") || line.startsWith("note")), []);
  wire.codec.shutdown();
  wire.turn();
  assert.equal(wire.codec.closing, true);
  await connection.close();
}

peerTest(["node"], "peers: our client and Node's server", async () => {
  const child = new Deno.Command(peer("node")!, {
    args: ["--no-warnings", program, "server"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const limit = setTimeout(() => child.kill("SIGKILL"), 60_000);
  try {
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    await playServer(await dial(Number(new TextDecoder().decode(value))));
    await child.stdin.close();
    await reader.cancel();
    await child.status;
  } finally {
    clearTimeout(limit);
  }
});

Deno.test("peers: our client and Deno's server", async () => {
  const server = await startServer();
  try {
    await playServer(await dial(server.port));
  } finally {
    await server.close();
  }
});
