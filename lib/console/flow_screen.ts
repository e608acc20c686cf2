// One flow on the whole screen: its title, tabs, and a window on the tab's lines.
// Invariant: lines are made when what they show has changed, not for each picture, so that scrolling is without delay.

import type { Flow, TcpMessage, WebSocketMessage } from "../flow/record.ts";
import type { Controls } from "./controls.ts";
import type { FlowList } from "./flow_list.ts";
import { flowTabs, flowTitle, type Tab, type TabContent, tabContent } from "./flow_view.ts";
import type { Key } from "./key.ts";
import { type Line, span } from "./line.ts";
import type { Row, Size } from "./screen.ts";
import { TextScroll } from "./scroll.ts";
import type { FlowKeys, KeyHelp, View, ViewHost } from "./view.ts";

export interface FlowScreenParts {
  flow: Flow;
  list: FlowList;
  flowKeys: FlowKeys;
  controls: Controls;
  host: ViewHost;
  /** The flow looked at has become another one of the list. */
  focus(flow: Flow): void;
}

/** A flow that runs is shown anew after this time, and not more often, in milliseconds: its body may be long. */
const RUNNING_TIME = 500;

const HELP: readonly KeyHelp[] = [
  { keys: "tab, ← →", what: "tabs", short: "tabs" },
  { keys: "m", what: "raw, and back", short: "raw" },
  { keys: "space, p", what: "next flow, previous flow" },
  { keys: "↑ ↓, pageup, pagedown, g G", what: "scroll; in messages choose one" },
  { keys: "R", what: "send the message chosen again" },
  { keys: "q esc", what: "back", short: "back" },
];

export class FlowScreen implements View {
  readonly title = "flow";
  readonly #parts: FlowScreenParts;
  #flow: Flow;
  #tab: Tab | null = null;
  #isRaw = false;
  readonly #scroll = new TextScroll();
  /** The message chosen in the tab of messages. */
  #message = -1;
  #made: { key: string; at: number; content: TabContent } | null = null;
  #height = 1;

  constructor(parts: FlowScreenParts) {
    this.#parts = parts;
    this.#flow = parts.flow;
    if (parts.flow.kind === "http" && parts.flow.websocket === null && parts.flow.response !== null) {
      this.#tab = flowTabs(parts.flow)[1] ?? null;
    }
  }

  get help(): readonly KeyHelp[] {
    const { help } = this.#parts.flowKeys;
    return [...HELP, ...help.filter(({ keys }) => !HELP.some((own) => own.keys === keys))];
  }

  rows({ columns, rows }: Size): Row[] {
    const tabs = flowTabs(this.#flow);
    const tab = this.#currentTab(tabs);
    const { lines, messages } = this.#content(tab, columns);
    this.#height = Math.max(1, rows - 3);
    this.#message = Math.min(this.#message, messages.length - 1);
    this.#scroll.fit(lines.length, this.#height);
    const { top } = this.#scroll;
    const chosen = this.#message < 0 ? -1 : messages[this.#message] ?? -1;
    const shown: Row[] = [
      { spans: flowTitle(this.#flow, columns) },
      { spans: tabsLine(tabs, tab, this.#isRaw) },
      { spans: [] },
    ];
    for (const [index, spans] of lines.slice(top, top + this.#height).entries()) {
      shown.push(index + top === chosen ? { spans, inverse: true } : { spans });
    }
    return shown;
  }

  key(key: Key): boolean {
    switch (key) {
      case "tab":
      case "right":
      case "l":
        return this.#turn(1);
      case "shift tab":
      case "left":
      case "h":
        return this.#turn(-1);
      case "m":
        this.#isRaw = !this.#isRaw;
        this.#scroll.top = 0;
        return true;
      case " ":
        return this.#step(1);
      case "p":
        return this.#step(-1);
      case "R":
        this.#resend();
        return true;
    }
    const { lines, messages } = this.#made?.content ?? { lines: [], messages: [] };
    if (messages.length > 0 && this.#choose(key, messages)) return true;
    return this.#scroll.key(key, lines.length, this.#height) || this.#parts.flowKeys.key(key, this.#flow);
  }

  /** Up and down go from message to message; the window follows. */
  #choose(key: Key, messages: readonly number[]): boolean {
    const isUp = key === "up" || key === "k";
    if (!isUp && key !== "down" && key !== "j") return false;
    const before = this.#message < 0 ? messages.length : this.#message;
    this.#message = Math.max(0, Math.min(messages.length - 1, before + (isUp ? -1 : 1)));
    const row = messages[this.#message] ?? 0;
    const next = messages[this.#message + 1] ?? row + 1;
    if (row < this.#scroll.top) this.#scroll.top = row;
    if (next > this.#scroll.top + this.#height) this.#scroll.top = Math.min(row, next - this.#height);
    return true;
  }

  #turn(by: 1 | -1): true {
    const tabs = flowTabs(this.#flow);
    const index = tabs.indexOf(this.#currentTab(tabs));
    this.#tab = tabs[(index + by + tabs.length) % tabs.length] ?? null;
    this.#scroll.top = 0;
    this.#message = -1;
    return true;
  }

  #step(by: 1 | -1): true {
    const { list, focus } = this.#parts;
    const next = list.at(list.indexOf(this.#flow) + by);
    if (next === null) return true;
    this.#flow = next;
    this.#made = null;
    this.#scroll.top = 0;
    this.#message = -1;
    focus(next);
    return true;
  }

  #resend(): void {
    const { controls, host } = this.#parts;
    const running = controls.of(this.#flow);
    const message = this.#messages()[this.#message];
    if (running === null) return host.say("messages go only into a connection that is open", "warning");
    if (message === undefined) {
      return host.say("choose a message first: ↑ ↓ in the tab of messages", "warning");
    }
    if ("body" in message) {
      if (running.kind !== "websocket" || message.type === "ping" || message.type === "pong") return;
      if (message.body.truncated) return host.say("only part of the message was kept", "warning");
      if (running.control.inject(!message.fromClient, message.type, message.body.bytes())) {
        host.say("sent again");
      } else host.say("it cannot be sent: the connection is closing", "warning");
    } else if (running.kind === "tcp") {
      if (message.content.length < message.length) {
        return host.say("only part of the message was kept", "warning");
      }
      running.control.inject(!message.fromClient, message.content);
      host.say("sent again");
    }
  }

  #messages(): readonly (WebSocketMessage | TcpMessage)[] {
    const flow = this.#flow;
    if (flow.kind === "http" && flow.websocket !== null) return flow.websocket.messages;
    return flow.messages ?? [];
  }

  /** The tab looked at, as far as this flow has it. */
  #currentTab(tabs: readonly Tab[]): Tab {
    const wanted = this.#tab;
    const first = tabs[0] ?? "connection";
    this.#tab = wanted !== null && tabs.includes(wanted) ? wanted : first;
    return this.#tab;
  }

  #content(tab: Tab, width: number): TabContent {
    const flow = this.#flow;
    const now = performance.now();
    const key = [tab, width, this.#isRaw, ...stateOf(flow)].join();
    const made = this.#made;
    if (made !== null) {
      const isFresh = flow.endedAt === null && now - made.at < RUNNING_TIME;
      if (isFresh ? isSameView(made.key, key) : flow.endedAt !== null && made.key === key) {
        return made.content;
      }
    }
    const content = tabContent(flow, tab, { width, raw: this.#isRaw });
    this.#made = { key, at: now, content };
    return content;
  }
}

/** What changes in the record of a flow that is over. */
function stateOf({ id, endedAt, client, server }: Flow): unknown[] {
  return [id, endedAt, client.endedAt, server?.endedAt];
}

/** The same tab, width and way of showing: the first three parts, and the flow's number. */
function isSameView(left: string, right: string): boolean {
  return left.split(",", 4).join() === right.split(",", 4).join();
}

function tabsLine(tabs: readonly Tab[], current: Tab, isRaw: boolean): Line {
  const spans = [];
  for (const tab of tabs) {
    spans.push(tab === current ? span(`[${tab}]`, "title") : span(` ${tab} `, "faint"), span(" "));
  }
  if (isRaw) spans.push(span("raw", "remark"));
  return spans;
}
