// A browser and ws through the running program: a page that speaks ws and wss, compressed and not, and what the page, the
// server and the log say of it.

import assert from "node:assert/strict";
import { pathOf, type ServerView, startWs } from "../interop/websocket_bench.ts";
import { loadPage } from "../kit/chromium.ts";
import { peerTest } from "../kit/peers.ts";
import { soon } from "../proxy/tunnel_clients.ts";
import { Program } from "./program.ts";

const PAGE = "http://page.example:8080";

/** What the page's end has seen. */
interface Seen {
  protocol: string;
  extensions: string;
  /** Whether each message came back as it went. */
  same: boolean[];
  close: { code: number; reason: string; wasClean: boolean };
}

interface Talk {
  url: string;
  protocols: string[];
  /** Texts; numbers are sizes of binary ones. */
  messages: (string | number)[];
  /** Then the page closes; null: it waits for the server to. */
  close: [code: number, reason: string] | null;
}

const MESSAGES = ["Hello", "κόσμε 🙂", "", 0, 300, 1024 * 1024, "words ".repeat(20_000)];

/** In the page: plays the talks one after the other, and tells the server of it. */
async function play(talks: Talk[]): Promise<void> {
  const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, at) => at * 31 + (at >> 8));
  const talk = ({ url, protocols, messages, close }: Talk) =>
    new Promise((resolve) => {
      const socket = new WebSocket(url, protocols);
      socket.binaryType = "arraybuffer";
      const same: boolean[] = [];
      socket.onopen = () => {
        for (const message of messages) {
          socket.send(typeof message === "number" ? bytesOf(message) : message);
        }
      };
      socket.onmessage = ({ data }) => {
        const message = messages[same.length]!;
        same.push(
          typeof message === "number"
            ? typeof data !== "string" && `${new Uint8Array(data)}` === `${bytesOf(message)}`
            : data === message,
        );
        if (same.length === messages.length && close !== null) socket.close(...close);
      };
      socket.onclose = ({ code, reason, wasClean }) => {
        const { protocol, extensions } = socket;
        resolve({ protocol, extensions, same, close: { code, reason, wasClean } });
      };
    });
  const seen: unknown[] = [];
  for (const one of talks) seen.push(await talk(one));
  await fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
}

/** Serves a page that runs `play`, and is loaded only when that is done. */
function startPage(talks: Talk[]) {
  const seen = Promise.withResolvers<Seen[]>();
  const page = `<!doctype html><title>talks</title><link rel="icon" href="data:,">
<script>(${play})(${JSON.stringify(talks)});</script><script async src="/when-done.js"></script>`;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    switch (new URL(request.url).pathname) {
      case "/":
        return new Response(page, { headers: { "Content-Type": "text/html; charset=utf-8" } });
      case "/seen":
        seen.resolve(await request.json());
        return new Response(null, { status: 204 });
      default:
        await seen.promise;
        return new Response("", { headers: { "Content-Type": "text/javascript" } });
    }
  });
  return {
    port: server.addr.port,
    seen: seen.promise,
    async [Symbol.asyncDispose]() {
      // Whoever still waits for it is let go.
      seen.resolve([]);
      await server.shutdown();
    },
  };
}

/** A line of the log that is about a WebSocket. */
interface Line {
  type: string;
  target: string;
  protocol: string;
  compression: boolean;
  from: string;
  kind: string;
  size: number;
  compressed: boolean;
  close: { code: number; reason: string; by: string };
  error: unknown;
}

interface Case {
  talk: Talk;
  path: string;
  scheme: "ws" | "wss";
  isCompressed: boolean;
  /** How it ends. */
  end: { code: number; reason: string; by: "client" | "server" };
}

function allCases(scheme: "ws" | "wss", deflate: unknown): Case[] {
  const isCompressed = deflate !== false;
  const made = (name: string, talk: Omit<Talk, "url">, end: Case["end"]): Case => {
    const path = pathOf(`${scheme} ${name}`, deflate);
    return { talk: { url: `${scheme}://echo.example${path}`, ...talk }, path, scheme, isCompressed, end };
  };
  const ended = (name: string, messages: string[], code: number, reason = "") =>
    made(name, { protocols: [], messages, close: null }, { code, reason, by: "server" });
  return [
    made("echo", { protocols: [], messages: MESSAGES, close: [4001, "bye, ü"] }, {
      code: 4001,
      reason: "bye, ü",
      by: "client",
    }),
    made("protocol", { protocols: ["first.example"], messages: ["Hello"], close: [1000, ""] }, {
      code: 1000,
      reason: "",
      by: "client",
    }),
    ended("closed", ["Hello", "/close 4002 because"], 4002, "because"),
    ended("closed without a code", ["/close"], 1005),
    ended("killed", ["Hello", "/kill"], 1006),
  ];
}

const isEchoed = (message: string | number): boolean =>
  typeof message === "number" || !message.startsWith("/");
const sizeOf = (message: string | number): number =>
  typeof message === "number" ? message : new TextEncoder().encode(message).length;

function checkPage({ talk, isCompressed, end }: Case, seen: Seen): void {
  const { protocol, extensions, same, close } = seen;
  assert.deepEqual(same, talk.messages.filter(isEchoed).map(() => true), talk.url);
  assert.equal(extensions, isCompressed ? "permessage-deflate" : "", talk.url);
  assert.equal(protocol, talk.protocols.join(), talk.url);
  const { code, reason } = end;
  assert.deepEqual(close, { code, reason, wasClean: code !== 1006 }, talk.url);
}

function checkServer({ talk, end }: Case, view: ServerView): void {
  assert.ok(view.fields.includes(`Origin: ${PAGE}`), talk.url);
  assert.deepEqual(view.messages.map(([, size]) => size), talk.messages.map(sizeOf), talk.url);
  assert.deepEqual(view.close, [end.code, end.reason], talk.url);
}

function checkLog({ talk, path, scheme, isCompressed, end }: Case, lines: readonly Line[]): void {
  const target = `${scheme === "ws" ? "http" : "https"}://echo.example${path}`;
  const own = lines.filter((line) => line.target === target);
  assert.deepEqual([own[0]?.type, own[0]?.compression], ["websocket-start", isCompressed], talk.url);
  const messages = own.filter(({ type }) => type === "websocket-message");
  for (const side of ["client", "server"]) {
    const said = side === "client" ? talk.messages : talk.messages.filter(isEchoed);
    assert.deepEqual(
      messages.filter(({ from }) => from === side).map((
        { kind, size, compressed },
      ) => [kind, size, compressed]),
      said.map((message) => [typeof message === "number" ? "binary" : "text", sizeOf(message), isCompressed]),
      talk.url,
    );
  }
  const last = own.at(-1)!;
  const { code, reason, by } = last.close;
  assert.deepEqual([last.type, last.protocol, last.error], ["websocket-end", scheme, null], talk.url);
  assert.deepEqual({ code, reason, by }, end, talk.url);
}

peerTest(["chromium"], "Chromium speaks ws and wss, compressed and not", async () => {
  await using ws = await startWs();
  const ports = ws.hello as Record<string, number>;
  const cases = (["ws", "wss"] as const).flatMap((scheme) => [
    ...allCases(scheme, {}),
    ...allCases(scheme, false),
  ]);
  await using page = startPage(cases.map(({ talk }) => talk));
  // Whatever else the browser wants to see leads nowhere else.
  await using program = await Program.start([
    "--insecure",
    `--resolve=*:8080:127.0.0.1:${page.port}`,
    `--resolve=*:80:127.0.0.1:${ports["ws"]}`,
    `--resolve=*:443:127.0.0.1:${ports["wss"]}`,
    "--log-format=json",
  ]);
  const { messages } = await loadPage(program.url, `${PAGE}/`);
  const seen = await soon(page.seen, `the page's word; ${messages}`);
  const views = await ws.ask<ServerView[]>("seen", { paths: cases.map(({ path }) => path) });
  // The log may be behind the browser.
  await program.until(new RegExp(`(?:"type":"websocket-end"[^]*?){${cases.length}}\\n`));
  const lines = program.text.split("\n").filter((line) => line.startsWith('{"type":"websocket-'))
    .map((line): Line => JSON.parse(line));
  for (const [index, one] of cases.entries()) {
    checkPage(one, seen[index]!);
    checkServer(one, views[index]!);
    checkLog(one, lines);
  }
});
