// A browser whose page came over HTTP/2 opens WebSockets to the same origin through the running program: over that same
// connection where extended CONNECT is offered on it (RFC 8441), and else over HTTP/1.1.

import assert from "node:assert/strict";
import { startWithWs } from "../interop/websocket_http2_bench.ts";
import { loadPage } from "../kit/chromium.ts";
import { peerTest } from "../kit/peers.ts";
import { soon } from "../proxy/tunnel_clients.ts";
import { Program } from "./program.ts";

interface Talk {
  path: string;
  protocols: string[];
  /** Texts; numbers are sizes of binary ones. What is no echo comes for a word of the server. */
  messages: (string | number)[];
  answers: (string | number)[];
  /** Then the page closes; null: the server does. */
  close: [code: number, reason: string] | null;
  end: { code: number; reason: string; wasClean: boolean };
}

const compressed = "deflate=%7B%7D";
const ECHOED = [
  "Hello",
  "κόσμε 🙂",
  "",
  0,
  300,
  1024 * 1024,
  "words ".repeat(20_000),
  "words ".repeat(20_000),
];

const talks: Talk[] = [
  ...[compressed, ""].map((query): Talk => ({
    path: `/echo?${query}`,
    protocols: [],
    messages: ECHOED,
    answers: ECHOED,
    close: [4001, "bye, ü"],
    end: { code: 4001, reason: "bye, ü", wasClean: true },
  })),
  {
    path: `/pinged?${compressed}`,
    protocols: ["first.example"],
    messages: ["Hello", "/ping are-you-there"],
    answers: ["Hello", "pong are-you-there"],
    close: [1000, ""],
    end: { code: 1000, reason: "", wasClean: true },
  },
  {
    path: "/closed",
    protocols: [],
    messages: ["Hello", "/close 4002 because"],
    answers: ["Hello"],
    close: null,
    end: { code: 4002, reason: "because", wasClean: true },
  },
  {
    path: "/killed",
    protocols: [],
    messages: ["Hello", "/kill"],
    answers: ["Hello"],
    close: null,
    end: { code: 1006, reason: "", wasClean: false },
  },
];

/** What the page's end has seen. */
interface Seen {
  protocol: string;
  extensions: string;
  /** Whether each message came as it was to come. */
  same: boolean[];
  end: Talk["end"];
}

/** In the page: plays the talks at once, and tells the server of it. */
async function play(talks: Talk[]): Promise<void> {
  const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, at) => at * 31 + (at >> 8));
  const talk = ({ path, protocols, messages, answers, close }: Talk) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`wss://${location.host}${path}`, protocols);
      socket.binaryType = "arraybuffer";
      const same: boolean[] = [];
      socket.onopen = () => {
        for (const message of messages) {
          socket.send(typeof message === "number" ? bytesOf(message) : message);
        }
      };
      socket.onmessage = ({ data }) => {
        const answer = answers[same.length]!;
        same.push(
          typeof answer === "number"
            ? typeof data !== "string" && `${new Uint8Array(data)}` === `${bytesOf(answer)}`
            : data === answer,
        );
        if (same.length === answers.length && close !== null) socket.close(...close);
      };
      socket.onclose = ({ code, reason, wasClean }) => {
        const { protocol, extensions } = socket;
        resolve({ protocol, extensions, same, end: { code, reason, wasClean } });
      };
    });
  const seen = await Promise.all(talks.map(talk));
  await fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
}

const PAGE = `<!doctype html><title>talks</title><link rel="icon" href="data:,">
<script>(${play})(${JSON.stringify(talks)});</script><script async src="/when-done.js"></script>`;

interface SeenByServer {
  path: string;
  version: string;
  method: string;
  fields: Record<string, string>;
  messages: [type: string, size: number, hash: string][];
  pongs: string[];
  close: [code: number, reason: string];
}

/** A line of the log. */
interface Line {
  type: string;
  flow: number;
  client: { id: number };
  url: string;
  request: { version: string; method: string; protocol: string | null };
  response: { version: string; status: number };
  switched: boolean;
  compression: boolean;
  from: string;
  kind: string;
  size: number;
  compressed: boolean;
  close: { code: number; reason: string; by: string };
  error: unknown;
}

interface Case {
  name: string;
  way: "tunnel" | "reverse";
  origin: "offering" | "silent" | "http1";
  /** What the page came over, on the client's leg. */
  asked: "h1" | "h2";
  answered: "h1" | "h2";
}

const cases: Case[] = [
  { name: "extended CONNECT end to end", way: "tunnel", origin: "offering", asked: "h2", answered: "h2" },
  { name: "the origin does not offer it", way: "tunnel", origin: "silent", asked: "h1", answered: "h1" },
  {
    name: "reverse, not offered by the origin",
    way: "reverse",
    origin: "silent",
    asked: "h2",
    answered: "h1",
  },
  { name: "reverse, an origin of HTTP/1.1", way: "reverse", origin: "http1", asked: "h2", answered: "h1" },
];

const sizeOf = (message: string | number): number =>
  typeof message === "number" ? message : new TextEncoder().encode(message).length;
const kindOf = (message: string | number): string => typeof message === "number" ? "binary" : "text";
const isCompressed = ({ path }: Talk): boolean => path.includes(compressed);

function checkPage(talk: Talk, seen: Seen): void {
  const { protocol, extensions, same, end } = seen;
  assert.deepEqual(same, talk.answers.map(() => true), talk.path);
  assert.equal(extensions, isCompressed(talk) ? "permessage-deflate" : "", talk.path);
  assert.equal(protocol, talk.protocols.join(), talk.path);
  assert.deepEqual(end, talk.end, talk.path);
}

function checkServer(talk: Talk, seen: SeenByServer, { answered }: Case): void {
  const { path } = talk;
  const isHttp2 = answered === "h2";
  assert.deepEqual([seen.version, seen.method], isHttp2 ? ["2.0", "CONNECT"] : ["1.1", "GET"], path);
  assert.equal(seen.fields[":protocol"], isHttp2 ? "websocket" : undefined, path);
  // RFC 8441, 5
  assert.equal("sec-websocket-key" in seen.fields, !isHttp2, path);
  assert.deepEqual(
    seen.messages.map(([type, size]) => [type, size]),
    talk.messages.map((message) => [kindOf(message), sizeOf(message)]),
    path,
  );
  assert.deepEqual(seen.pongs, path.startsWith("/pinged") ? ["are-you-there"] : [], path);
  assert.deepEqual(seen.close, [talk.end.code, talk.end.reason], path);
}

function checkLog(talk: Talk, lines: readonly Line[], { asked, answered }: Case): void {
  const { path, end, close } = talk;
  const flows = lines.filter(({ type, url }) => type === "http" && url.endsWith(path));
  assert.equal(flows.length, 1, path);
  const { request, response, switched, flow } = flows[0]!;
  assert.deepEqual(
    [request.version, request.method, request.protocol],
    asked === "h2" ? ["HTTP/2.0", "CONNECT", "websocket"] : ["HTTP/1.1", "GET", "websocket"],
    path,
  );
  const head = answered === "h2" ? ["HTTP/2.0", 200] : ["HTTP/1.1", 101];
  assert.deepEqual([response.version, response.status, switched], [...head, true], path);
  const own = lines.filter((line) => line.flow === flow && line.type.startsWith("websocket-"));
  assert.deepEqual([own[0]?.type, own[0]?.compression], ["websocket-start", isCompressed(talk)], path);
  for (const [from, said] of [["client", talk.messages], ["server", talk.answers]] as const) {
    const data = own.filter((line) => line.from === from && line.kind !== "ping" && line.kind !== "pong");
    assert.deepEqual(
      data.map(({ kind, size, compressed }) => [kind, size, compressed]),
      said.map((message) => [kindOf(message), sizeOf(message), isCompressed(talk)]),
      path,
    );
  }
  const last = own.at(-1)!;
  assert.equal(last.type, "websocket-end", path);
  const { code, reason, by } = last.close;
  assert.deepEqual([code, reason, by], [end.code, end.reason, close === null ? "server" : "client"], path);
  // Where there are streams, its end is a reset.
  if (code !== 1006) assert.equal(last.error, null, path);
}

for (const one of cases) {
  peerTest(["chromium", "node"], `Chromium speaks wss from a page over HTTP/2: ${one.name}`, async () => {
    await using origin = await startWithWs("../e2e/websocket_http2_origin.mjs");
    const port = (origin.hello as Record<string, number>)[one.origin]!;
    // Whatever else the browser wants to see leads nowhere else.
    const words = one.way === "reverse"
      ? ["--mode", `reverse:https://localhost:${port}`]
      : [`--resolve=*:443:127.0.0.1:${port}`, `--resolve=*:80:127.0.0.1:${port}`];
    await using program = await Program.start(["--insecure", "--log-format=json", ...words]);
    await origin.ask("serve", { page: PAGE });
    const { messages } = one.way === "reverse"
      ? await loadPage("direct://", `https://127.0.0.1:${program.port}/`)
      : await loadPage(program.url, "https://page.example/");
    const { page, server } = await soon(
      origin.ask<{ page: Seen[]; server: SeenByServer[] }>("seen"),
      `the page's word; ${messages}`,
    );
    // The log may be behind the browser.
    await program.until(new RegExp(`(?:"type":"websocket-end"[^]*?){${talks.length}}\\n`));
    const lines = program.text.split("\n").filter((line) => line.startsWith("{"))
      .map((line): Line => JSON.parse(line));
    for (const [index, talk] of talks.entries()) {
      checkPage(talk, page[index]!);
      checkServer(talk, server.find(({ path }) => path === talk.path)!, one);
      checkLog(talk, lines, one);
    }
    const shown = lines.find(({ type, url }) => type === "http" && url.endsWith("/seen"))!;
    assert.equal(shown.request.version, "HTTP/2.0");
    const clients = lines.filter(({ type }) => type === "websocket-start").map(({ client }) => client.id);
    // Over HTTP/2 all of them share the page's connection; over HTTP/1.1 each has one of its own.
    if (one.asked === "h2") assert.deepEqual(new Set(clients), new Set([shown.client.id]));
    else assert.equal(new Set([...clients, shown.client.id]).size, talks.length + 1);
  });
}
