// What keys do with a flow, in the list as in the view of one: let go, kill, mark, delete, edit, replay, inject, export.

import type { Flow } from "../flow/record.ts";
import type { FlowStore } from "../flow/store.ts";
import { escapeText } from "../format/escape.ts";
import type { ConsoleProxy } from "./console_proxy.ts";
import type { Controls } from "./controls.ts";
import { conversationOf } from "./drafts.ts";
import { editFlow, type EditParts } from "./flow_edit.ts";
import type { FlowList } from "./flow_list.ts";
import type { Intercept } from "./intercept.ts";
import type { Key } from "./key.ts";
import type { FlowKeys, KeyHelp, ViewHost } from "./view.ts";

export interface FlowActionsParts extends EditParts {
  host: ViewHost;
  intercept: Intercept;
  list: FlowList;
  store: FlowStore;
  proxy: ConsoleProxy;
  controls: Controls;
  /** Asks for an intercept filter. */
  askIntercept(): void;
  /** Asks for what to export, and where to. */
  askExport(flow: Flow): void;
  askSave(): void;
  showOptions(): void;
  showEvents(): void;
  showHelp(): void;
}

export class FlowActions implements FlowKeys {
  readonly help: readonly KeyHelp[] = [
    { keys: "i", what: "intercept: hold what matches a filter", short: "intercept" },
    { keys: "a, A", what: "let the flow go on, let all go on", short: "let go" },
    { keys: "X", what: "kill the flow" },
    { keys: "e", what: "edit what is held; or a request, to send it again" },
    { keys: "r", what: "replay: the request, or what a TCP client sent", short: "replay" },
    { keys: "s, c", what: "inject a message to the server, to the client (WebSocket, TCP)" },
    { keys: "C", what: "close a WebSocket with a code" },
    { keys: "m", what: "mark" },
    { keys: "U", what: "unmark all" },
    { keys: "d", what: "delete the flow" },
    { keys: "x", what: "export: curl, raw request, raw response, HAR" },
    { keys: "w", what: "save the flows listed" },
    { keys: "O", what: "options; then T edits the raw-TCP hosts", short: "options" },
    { keys: "E", what: "event log" },
    { keys: "ctrl z", what: "to the shell and back (fg)" },
  ];
  readonly #parts: FlowActionsParts;

  constructor(parts: FlowActionsParts) {
    this.#parts = parts;
  }

  key(key: Key, flow: Flow | null): boolean {
    const { intercept, host, store } = this.#parts;
    switch (key) {
      case "i":
        this.#parts.askIntercept();
        return true;
      case "A":
        host.say(`${intercept.resumeAll()} let go`);
        return true;
      case "U":
        for (const other of store.flows()) other.marked = false;
        return true;
      case "w":
        this.#parts.askSave();
        return true;
      case "O":
        this.#parts.showOptions();
        return true;
      case "E":
        this.#parts.showEvents();
        return true;
      case "?":
        this.#parts.showHelp();
        return true;
    }
    return flow !== null && this.#flowKey(key, flow);
  }

  #flowKey(key: Key, flow: Flow): boolean {
    const { intercept, host, store, proxy } = this.#parts;
    switch (key) {
      case "a":
        if (!intercept.resume(flow)) host.say("nothing of this flow is held");
        return true;
      case "X":
        if (!proxy.kill(flow)) host.say("this flow is over already");
        // What was held of it must not keep it.
        while (intercept.resume(flow));
        return true;
      case "m":
        flow.marked = !flow.marked;
        return true;
      case "d":
        if (flow.endedAt === null) host.say("this flow still runs: X kills it", "warning");
        else {
          store.delete(flow.id);
          this.#parts.list.refresh();
        }
        return true;
      case "e":
        editFlow(this.#parts, flow);
        return true;
      case "r":
        this.#replay(flow);
        return true;
      case "s":
      case "c":
        this.#askInject(flow, key === "c");
        return true;
      case "C":
        this.#askClose(flow);
        return true;
      case "x":
        this.#parts.askExport(flow);
        return true;
    }
    return false;
  }

  #replay(flow: Flow): void {
    const { drafts, proxy, host } = this.#parts;
    let reason: string | null;
    if (flow.kind === "http") {
      const request = drafts.of(flow);
      reason = typeof request === "string" ? request : proxy.replayRequest(request);
    } else {
      const conversation = conversationOf(flow);
      reason = typeof conversation === "string" ? conversation : proxy.replayTcp(conversation);
    }
    if (reason === null) host.say("sent again, as a new flow");
    else host.say(reason, "warning");
  }

  #askInject(flow: Flow, toClient: boolean): void {
    const { controls, host } = this.#parts;
    const running = controls.of(flow);
    if (running === null) {
      return host.say("messages go only into a WebSocket or a TCP connection that is open", "warning");
    }
    host.ask({
      label: `message to the ${toClient ? "client" : "server"} (\\n \\r \\t \\xNN \\\\ stand for bytes)`,
      submit: (text) => {
        const bytes = unescapedBytes(text);
        if (bytes === null) return 'a "\\" is followed by n, r, t, \\ or xNN';
        if (running.kind === "tcp") running.control.inject(toClient, bytes);
        else if (!running.control.inject(toClient, "text", bytes)) {
          return "it cannot be sent: the connection is closing";
        }
        host.say("sent");
        return null;
      },
    });
  }

  #askClose(flow: Flow): void {
    const { controls, host } = this.#parts;
    const running = controls.of(flow);
    if (running?.kind !== "websocket") return host.say("this is no WebSocket that is open", "warning");
    host.ask({
      label: "close with code and reason",
      initial: "1000 ",
      submit: (text) => {
        const parts = /^\s*([0-9]{4})(?:\s+(.*))?$/.exec(text);
        if (parts === null) return "a code of four digits, then a reason or none";
        try {
          running.control.close(Number(parts[1]), (parts[2] ?? "").trim());
        } catch (error) {
          return escapeText(error instanceof Error ? error.message : String(error));
        }
        return null;
      },
    });
  }
}

/** UTF-8 of the text, with escapes as in a C string; null for an escape that is none. */
export function unescapedBytes(text: string): Uint8Array | null {
  const pieces: Uint8Array[] = [];
  const encoder = new TextEncoder();
  const rest = text.replaceAll(
    /\\(n|r|t|\\|x[0-9a-fA-F]{2})|[^\\]+/g,
    (piece, escape: string | undefined) => {
      if (escape === undefined) pieces.push(encoder.encode(piece));
      else pieces.push(new Uint8Array([escapedByte(escape)]));
      return "";
    },
  );
  if (rest !== "") return null;
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

function escapedByte(escape: string): number {
  switch (escape) {
    case "n":
      return 0x0a;
    case "r":
      return 0x0d;
    case "t":
      return 0x09;
    case "\\":
      return 0x5c;
    default:
      return Number.parseInt(escape.slice(1), 16);
  }
}
