// The rows whose load is echoes over WebSocket: what they are, and how mitm, nginx and mitmdump come into them.

import { fileURLToPath } from "node:url";
import type { Target } from "./bench_figures.ts";
import type { Entrant, LoadDriver } from "./bench_load.ts";
import type { ComparedRow, Subject } from "./bench_load_rows.ts";
import { freePorts, RunningProgram } from "./bench_process.ts";
import { startMitm, startMitmdump } from "./bench_proxies.ts";
import type { Setting } from "./bench_setting.ts";
import { type WebSocketAddress, WebSocketClient } from "./bench_websocket_client.ts";
import { echoFault, makeVariants, type MessageKind } from "./bench_websocket_messages.ts";
import { runWebSocketLoad, type WebSocketFigures } from "./bench_websocket_run.ts";

export interface WebSocketRow extends ComparedRow {
  message: MessageKind;
  connections: number;
  /** How the rate is told. */
  rate: "messages/s" | "MiB/s";
}

const MEBIBYTE = 1024 * 1024;
/** The load client gets compiled as it runs, too. Seconds. */
export const WARM_UP = 0.3;
const TINY = { size: 64, binary: false, deflate: false };
const subjects: Subject[] = ["direct", "nginx", "mitm", "mitmdump"];
const atLeast = (value: number): Target => ({ kind: "at-least", value });

export const webSocketRows: readonly WebSocketRow[] = [
  {
    name: "websocket-tiny",
    title:
      "echo of text messages of 64 bytes over wss, 32 connections, one message under way on each, flows recorded",
    message: TINY,
    connections: 32,
    rate: "messages/s",
    subjects,
    comparisons: [
      { of: "mitm", to: "nginx", target: atLeast(0.5), meaning: "" },
      { of: "mitm", to: "mitmdump", target: atLeast(8), meaning: "" },
    ],
  },
  {
    name: "websocket-deflate",
    title: "the same with permessage-deflate, each message compressed by itself",
    message: { ...TINY, deflate: true },
    connections: 32,
    rate: "messages/s",
    subjects,
    comparisons: [
      { of: "mitm", to: "nginx", target: null, meaning: "nginx does not look into what it passes on" },
      { of: "mitm", to: "mitmdump", target: null, meaning: "" },
    ],
  },
  {
    name: "websocket-large",
    title:
      "echo of binary messages of 1 MiB over wss, 4 connections, one message under way on each, flows recorded",
    message: { size: MEBIBYTE, binary: true, deflate: false },
    connections: 4,
    rate: "MiB/s",
    subjects,
    comparisons: [
      { of: "mitm", to: "nginx", target: atLeast(0.5), meaning: "" },
      { of: "mitm", to: "mitmdump", target: null, meaning: "" },
    ],
  },
];

export function webSocketDriver(row: WebSocketRow, setting: Setting): LoadDriver<WebSocketFigures> {
  const { connections, message } = row;
  return {
    unit: "message",
    rateName: row.rate,
    rate: ({ requests, bytes, duration }) =>
      row.rate === "MiB/s" ? bytes / MEBIBYTE / duration : requests / duration,
    hasLatencies: true,
    enter: (subject) => enterWebSocket(subject, setting),
    check: (entrant) => checkEcho(addressOf(entrant), { ...message, size: TINY.size }),
    measure: async (entrant, seconds, atEdge) => {
      const addresses = [addressOf(entrant)];
      const job = { ...message, addresses, connections, every: null, warmUp: WARM_UP, seconds };
      const [figures] = await runWebSocketLoad(job, atEdge);
      if (figures === undefined) throw new Error("the WebSocket client gave no figures");
      return figures;
    },
    fault: ({ fault }) => fault,
  };
}

/** Rejects unless a message comes back. */
async function checkEcho(address: WebSocketAddress, kind: MessageKind): Promise<void> {
  using client = await WebSocketClient.open(address, kind.deflate, kind.size * 2);
  const [variant] = makeVariants(kind);
  if (variant === undefined) throw new Error("there are no messages");
  await client.send(variant.frame);
  const message = await client.receive();
  const fault = message === null ? "the other side closed the connection" : echoFault(message, variant, 0);
  if (fault !== null) throw new Error(fault);
  await client.sendClose();
  if (await client.receive() !== null) throw new Error("a message came that nobody sent");
}

/** What echoes. `folder` holds the certificate. */
export async function startWebSocketOrigin(
  folder: string,
): Promise<{ process: RunningProgram; port: number }> {
  const script = fileURLToPath(new URL("bench_websocket_origin.ts", import.meta.url));
  const [port = 0] = freePorts(1);
  const args = ["run", "--quiet", "--no-check", "--allow-net", "--allow-read", script, String(port)];
  const process = new RunningProgram("the WebSocket origin", Deno.execPath(), args, { cwd: folder });
  await process.listening(port);
  return { process, port };
}

/** nginx stands before the origin; mitm and mitmdump are asked for it by CONNECT. Null: it is not installed. */
export async function enterWebSocket(subject: Subject, setting: Setting): Promise<Entrant | null> {
  const { origin, nginx, mitm, mitmdump, authority, folder } = setting;
  const reached = { ca: authority.pem, tunnelTo: null, isOwn: false };
  const own = { tunnelTo: origin.websocket, isOwn: true };
  switch (subject) {
    case "direct":
      return { ...reached, port: origin.websocket, process: null };
    case "nginx":
      return nginx === null ? null : { ...reached, port: nginx.websocket, process: nginx.process };
    case "mitm":
      return { ...await startMitm(mitm, null, authority.file), ...own };
    case "mitmdump":
      if (mitmdump === null) return null;
      return { ...await startMitmdump(mitmdump, `${folder}/mitmdump`, null, false), ...own };
    case "nginx as mitm":
    case "mitm -k":
    case "mitm console":
    case "mitm --no-console":
    case "mitm --detail 0":
      throw new Error(`there is no ${subject} for WebSocket`);
  }
}

export function addressOf({ port, ca, tunnelTo }: Entrant): WebSocketAddress {
  if (ca === null) throw new Error("WebSocket goes over TLS here");
  return { port, ca, tunnelTo };
}
