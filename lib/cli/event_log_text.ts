// The event log for people: time, client, then what happened; one line for each HTTP flow.
// Invariant: whatever peers send, a line that does not start with a blank is ours, and starts with a time of day.

import type { ConnectionRecord, HttpFlow, TcpFlow, TcpMessage, WebSocketMessage } from "../flow/record.ts";
import type { LogEntry } from "../hooks/hooks.ts";
import { formatHostPort } from "../http/target.ts";
import { clientOf, connectionText } from "./format_connection.ts";
import { escapeText, escapeWord } from "../format/escape.ts";
import type { ByteTotals, ConnectionEvent, Detail, EventPrinter, WebSocketTotals } from "./format_event.ts";
import { httpBlock, httpLine } from "./format_http.ts";
import { LineBuilder } from "./format_line.ts";
import { makePalette, type Palette } from "./format_palette.ts";
import { tcpContentLines, tcpEndLine, tcpMessageLine, tcpStartLine } from "./format_tcp.ts";
import { formatClock } from "../format/units.ts";
import { webSocketContentLines, webSocketEndLine, webSocketMessageLine } from "./format_websocket.ts";

/** "127.0.0.1:65535": most clients are on this machine. */
const CLIENT_WIDTH_FIRST = 15;
/** "255.255.255.255:65535": the column grows up to here with the addresses seen; longer ones stick out. */
const CLIENT_WIDTH_LAST = 21;

export interface TextOptions {
  detail: Detail;
  color: boolean;
  /** The width of the terminal, which URLs are cut to fit into; undefined where it is none. Read for each line. */
  columns?: number;
}

export class TextPrinter implements EventPrinter {
  readonly #options: TextOptions;
  readonly #palette: Palette;
  #clientWidth = CLIENT_WIDTH_FIRST;

  constructor(options: TextOptions) {
    this.#options = options;
    this.#palette = makePalette(options.color);
  }

  http(flow: HttpFlow): string {
    const at = flow.endedAt ?? flow.response?.startedAt ?? flow.error?.at ?? flow.startedAt;
    const line = httpLine(this.#start(at, flow.client), flow, this.#palette, this.#columns);
    const { detail } = this.#options;
    return detail < 2 ? `${line}\n` : joinLines(line, httpBlock(flow, detail, this.#palette));
  }

  tcpStart(flow: TcpFlow | HttpFlow): string {
    // The line of the request that started it says so already.
    if (flow.kind === "http") return "";
    return `${tcpStartLine(this.#start(flow.startedAt, flow.client), flow, this.#palette)}\n`;
  }

  tcpMessage(flow: TcpFlow | HttpFlow, message: TcpMessage, content: Uint8Array): string {
    const start = this.#start(message.at, flow.client);
    const line = tcpMessageLine(start, flow, message, this.#palette, this.#columns);
    return joinLines(line, tcpContentLines(content, message.length, this.#options.detail));
  }

  tcpEnd(flow: TcpFlow | HttpFlow, totals: ByteTotals): string {
    const start = this.#start(flow.endedAt ?? flow.error?.at ?? Date.now(), flow.client);
    return `${tcpEndLine(start, flow, totals, this.#palette)}\n`;
  }

  webSocketStart(): string {
    // The line of its handshake says so already.
    return "";
  }

  webSocketMessage(flow: HttpFlow, message: WebSocketMessage, content: Uint8Array): string {
    const start = this.#start(message.endedAt ?? message.at, flow.client);
    const line = webSocketMessageLine(start, flow, message, content, this.#palette, this.#columns);
    return joinLines(line, webSocketContentLines(message, content, this.#options.detail));
  }

  webSocketEnd(flow: HttpFlow, totals: WebSocketTotals): string {
    const start = this.#start(flow.endedAt ?? flow.error?.at ?? Date.now(), flow.client);
    return `${webSocketEndLine(start, flow, totals, this.#palette)}\n`;
  }

  connection(event: ConnectionEvent, at: number): string {
    const text = connectionText(event);
    const failed = event.kind === "server-failed" || event.kind === "tls-failed";
    const line = this.#start(at, clientOf(event)).add(
      text,
      failed ? this.#palette.warning : this.#palette.faint,
    );
    return `${line.text}\n`;
  }

  log(entry: LogEntry): string {
    const line = this.#start(entry.at, entry.client);
    const rule = entry.rule === null || entry.message.includes(entry.rule) ? "" : ` (${entry.rule})`;
    const text = escapeText(entry.message + rule);
    if (entry.level === "error") line.add("error:", this.#palette.error).add(text, this.#palette.error);
    else if (entry.level === "warn") {
      line.add("warning:", this.#palette.warning).add(text, this.#palette.warning);
    } else if (entry.level === "debug") line.add(text, this.#palette.faint);
    else line.add(text);
    return `${line.text}\n`;
  }

  leftOut(count: number, at: number): string {
    const what = count === 1 ? "1 event was" : `${count} events were`;
    const text = `${what} left out here: the output is slower than the traffic`;
    const line = this.#start(at, null).add("warning:", this.#palette.warning).add(
      text,
      this.#palette.warning,
    );
    return `${line.text}\n`;
  }

  get #columns(): number | null {
    return this.#options.columns ?? null;
  }

  #start(at: number, client: ConnectionRecord | null): LineBuilder {
    const line = new LineBuilder().add(formatClock(at), this.#palette.time);
    if (client === null) return line;
    const address = escapeWord(formatHostPort(client.remote.host, client.remote.port));
    this.#clientWidth = Math.min(CLIENT_WIDTH_LAST, Math.max(this.#clientWidth, address.length));
    return line.add(address, this.#palette.address, this.#clientWidth);
  }
}

function joinLines(line: string, block: readonly string[]): string {
  return `${[line, ...block].join("\n")}\n`;
}
