// The console: views on a stack, the status line, the last line, and the picture they make together.
// Invariants: the proxy never waits for it: what happens there only marks the picture as old, and it is made anew at most
// PICTURES_A_SECOND times a second, and at once for a key; the terminal is given back however it ends.

import type { CompiledFilter } from "../filter/compile.ts";
import { compileFilter } from "../filter/compile.ts";
import { FilterError } from "../filter/filter_error.ts";
import type { Flow } from "../flow/record.ts";
import type { FlowStore } from "../flow/store.ts";
import type { Hooks } from "../hooks/hooks.ts";
import type { OptionsAccess } from "../cli/options_live.ts";
import type { ConsoleProxy } from "./console_proxy.ts";
import { Controls } from "./controls.ts";
import { Drafts } from "./drafts.ts";
import type { EventLines } from "./event_lines.ts";
import { editExternally } from "./external_editor.ts";
import { askExport, askSave } from "./flow_export.ts";
import { FlowActions } from "./flow_actions.ts";
import { FlowList } from "./flow_list.ts";
import { FlowScreen } from "./flow_screen.ts";
import { helpLines } from "./help_lines.ts";
import { Intercept } from "./intercept.ts";
import type { Key } from "./key.ts";
import { LastLine } from "./last_line.ts";
import type { Style } from "./line.ts";
import { clearChoice, orderChoice, quitChoice } from "./list_choices.ts";
import { emptyList, ListView } from "./list_view.ts";
import { OptionsView } from "./options_view.ts";
import { makePainter } from "./palette.ts";
import { type Cursor, type Row, Screen, type Size } from "./screen.ts";
import { statusLine } from "./status_line.ts";
import { Terminal } from "./terminal.ts";
import { TextView } from "./text_view.ts";
import type { Choice, Question, View, ViewHost } from "./view.ts";

export interface ConsoleParts {
  store: FlowStore;
  hooks: Hooks;
  options: OptionsAccess;
  proxy: ConsoleProxy;
  events: EventLines;
  /** "127.0.0.1:8080" */
  address: string;
  certificatePath: string;
  version: string;
  color: boolean;
}

/** How often the picture is made anew for what happens in the proxy. */
const PICTURES_A_SECOND = 8;
/** How often flows that run are asked again whether they match, in milliseconds. */
const REFRESH_TIME = 1_000;
/** Views that are not opened on top of themselves. */
const EVENTS_TITLE = "event log";
const HELP_TITLE = "help";

export class ConsoleApp implements ViewHost {
  readonly #parts: ConsoleParts;
  readonly #terminal: Terminal;
  readonly #screen: Screen;
  readonly #list: FlowList;
  readonly #intercept: Intercept;
  readonly #controls: Controls;
  readonly #listView: ListView;
  readonly #actions: FlowActions;
  readonly #views: View[] = [];
  readonly #lastLine: LastLine;
  readonly #over = Promise.withResolvers<void>();
  #filterText: string | null = null;
  #keysAhead: Key[] = [];
  /** The last mistake of our own since a key was pressed. */
  #fault: string | null = null;
  #isOld = true;
  /** A person waits for the picture. */
  #isUrgent = false;
  #lastRefresh = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(parts: ConsoleParts) {
    this.#parts = parts;
    const { store, hooks, proxy } = parts;
    this.#screen = new Screen(makePainter(parts.color));
    this.#lastLine = new LastLine(() => this.changed(), () => this.#typedAhead());
    this.#list = new FlowList(store, () => this.#isOld = true);
    this.#intercept = new Intercept(hooks, () => this.#isOld = true);
    this.#controls = new Controls(hooks);
    this.#terminal = new Terminal({
      key: (key) => this.#guarded(() => this.#key(key)),
      changed: () => {
        this.#screen.forget();
        this.changed();
      },
      ready: () => {
        if (this.#isUrgent) this.#draw();
      },
      gone: () => this.#end(),
    });
    this.#actions = new FlowActions({
      host: this,
      intercept: this.#intercept,
      list: this.#list,
      store,
      proxy,
      controls: this.#controls,
      drafts: new Drafts(),
      edit: (content, kind) => this.#terminal.lend(() => editExternally(content, kind)),
      askIntercept: () => this.#askIntercept(),
      askExport: (flow) => askExport(this, this.#list, flow, parts.version),
      askSave: () => askSave(this, this.#list, parts.version),
      showOptions: () => this.open(new OptionsView(this, parts.options)),
      showEvents: () => this.#showEvents(),
      showHelp: () => this.#showHelp(),
    });
    this.#listView = new ListView({
      list: this.#list,
      flowKeys: this.#actions,
      emptyText: () => emptyList(parts.address, parts.certificatePath, this.#filterText !== null),
      openFlow: (flow) => this.#openFlow(flow),
      quit: () => this.choose(quitChoice(() => this.#end())),
      filter: () => this.#askFilter(),
      order: () => this.choose(orderChoice(this.#list)),
      clear: () => this.choose(clearChoice(store)),
      now: () => Date.now(),
    });
    this.#views.push(this.#listView);
    this.setFilter(parts.options.get("filter").texts[0] ?? "");
    this.setIntercept(parts.options.get("intercept").texts[0] ?? "");
  }

  /** Settles when the person has quit, or the terminal is gone. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  start(): void {
    this.#terminal.enter();
    this.#timer = setInterval(() => this.#tick(), 1000 / PICTURES_A_SECOND);
  }

  /** Gives the terminal back, and lets go of everything that is held. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#intercept.close();
    this.#controls.close();
    this.#list.close();
    this.#end();
    await this.#terminal.close();
  }

  /** Null, or what is wrong with the filter. "" shows all. */
  setFilter(text: string): string | null {
    const filter = text.trim() === "" ? null : compileFilter(text);
    if (filter instanceof FilterError) return filterFlaw(filter);
    const filterText = filter?.text ?? null;
    if (filterText === this.#filterText) return null;
    this.#filterText = filterText;
    this.#list.filter = filter;
    return null;
  }

  setIntercept(text: string): string | null {
    const filter = text.trim() === "" ? null : compileFilter(text);
    if (filter instanceof FilterError) return filterFlaw(filter);
    this.#intercept.filter = filter as CompiledFilter | null;
    return null;
  }

  // --- ViewHost ---

  open(view: View): void {
    this.#views.push(view);
    this.changed();
  }

  back(): void {
    if (this.#views.length > 1) this.#views.pop();
    this.changed();
  }

  say(text: string, style: Style = "plain"): void {
    this.#lastLine.say(text, style);
  }

  ask(question: Question): void {
    this.#lastLine.ask(question);
  }

  choose(choice: Choice): void {
    this.#lastLine.choose(choice);
  }

  changed(): void {
    this.#isOld = this.#isUrgent = true;
    this.#draw();
  }

  // --- Keys ---

  #key(key: Key): void {
    this.#fault = null;
    if (key === "ctrl z") return void this.#terminal.suspend();
    if (key === "ctrl l") this.#screen.forget();
    // In raw mode it is a key like any other; what it means everywhere else it means here.
    else if (key === "ctrl c") Deno.kill(Deno.pid, "SIGINT");
    else if (this.#lastLine.isBusy) this.#keysAhead.push(key);
    else if (this.#lastLine.isAsking) this.#lastLine.key(key);
    else this.#viewKey(key);
    this.changed();
  }

  /** Keys that came while it was not known yet whose they would be. */
  #typedAhead(): void {
    const keys = this.#keysAhead;
    this.#keysAhead = [];
    for (const key of keys) this.#key(key);
  }

  #viewKey(key: Key): void {
    this.#lastLine.unsay();
    const view = this.#view;
    if (view.key(key)) return;
    if ((key === "q" || key === "escape" || key === "left") && this.#views.length > 1) return this.back();
    if (key === "?") return this.#showHelp();
    if (key === "Q") return this.#end();
    if (key === "O" && !(view instanceof OptionsView)) this.open(new OptionsView(this, this.#parts.options));
    else if (key === "E") this.#showEvents();
  }

  // --- What is asked ---

  /** The list follows while it is typed, wherever it is a filter by then. */
  #askFilter(): void {
    const before = this.#filterText ?? "";
    this.ask({
      label: "show only",
      initial: before,
      submit: (text) => this.setFilter(text) ?? this.#keepOption("filter", text),
      change: (text) => void this.setFilter(text),
      cancel: () => void this.setFilter(before),
    });
  }

  #askIntercept(): void {
    this.ask({
      label: "intercept",
      initial: this.#intercept.filter?.text ?? "",
      submit: (text) => this.setIntercept(text) ?? this.#keepOption("intercept", text),
    });
  }

  /** The view of options shows the same. */
  #keepOption(name: "filter" | "intercept", text: string): Promise<string | null> {
    return this.#parts.options.set(name, text.trim() === "" ? [] : [text]);
  }

  // --- Views ---

  get #view(): View {
    return this.#views.at(-1) ?? this.#listView;
  }

  /** The list stays where it is, for when one comes back. */
  #openFlow(flow: Flow): void {
    this.#listView.focused = flow;
    this.open(
      new FlowScreen({
        flow,
        list: this.#list,
        flowKeys: this.#actions,
        controls: this.#controls,
        host: this,
        focus: (other) => void (this.#listView.focused = other),
      }),
    );
  }

  #showEvents(): void {
    if (this.#view.title === EVENTS_TITLE) return;
    const { events } = this.#parts;
    this.open(
      new TextView({
        title: EVENTS_TITLE,
        lines: () => events.lines,
        help: [{ keys: "z", what: "clear", short: "clear" }],
        key: (key) => {
          if (key !== "z") return false;
          events.clear();
          return true;
        },
        follows: true,
      }),
    );
  }

  #showHelp(): void {
    const { title, help } = this.#view;
    if (title === HELP_TITLE) return;
    this.open(new TextView({ title: HELP_TITLE, lines: () => helpLines(title, help), help: [] }));
  }

  // --- The picture ---

  #tick(): void {
    const now = performance.now();
    if (now - this.#lastRefresh >= REFRESH_TIME) {
      this.#lastRefresh = now;
      this.#list.refresh();
      // Durations go on.
      this.#isOld = true;
    }
    if (this.#isOld) this.#draw();
  }

  #draw(): void {
    // A terminal that is slower than we are gets the newest picture when it is ready.
    if (!this.#terminal.isReady) return;
    this.#isOld = this.#isUrgent = false;
    const { size } = this.#terminal;
    this.#guarded(() => {
      this.#terminal.write(this.#screen.update(this.#rows(size), size, this.#cursor(size)));
    });
  }

  /** A mistake of our own ends neither the console nor the proxy: the view that has made it is closed, and it is told. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.#views.length > 1) this.#views.pop();
      this.#lastLine.unask();
      const fault = `internal error: ${error instanceof Error ? error.message : error}`;
      // Saying so draws: what fails again and again is told once.
      if (fault === this.#fault) return;
      this.#fault = fault;
      reportError(error);
      this.say(`${fault} (E has where)`, "error");
    }
  }

  #rows(size: Size): Row[] {
    const view = this.#view;
    const { columns } = size;
    const last = this.#lastLine.lines(columns, view);
    const window = { columns, rows: Math.max(1, size.rows - 1 - last.length) };
    const rows = view.rows(window).slice(0, window.rows);
    while (rows.length < window.rows) rows.push({ spans: [] });
    rows.push({ spans: statusLine(this.#statusFacts(view), columns), inverse: true });
    for (const spans of last) rows.push({ spans });
    // The last line is the one that is needed.
    return rows.slice(-size.rows);
  }

  #cursor(size: Size): Cursor | null {
    const { columns, rows } = size;
    const column = this.#lastLine.cursor(columns);
    if (column !== null) return { row: rows - 1, column };
    const last = this.#lastLine.lines(columns, this.#view).length;
    return this.#view.cursor?.({ columns, rows: Math.max(1, rows - 1 - last) }) ?? null;
  }

  #statusFacts({ title }: View) {
    const { store, options, address } = this.#parts;
    return {
      title,
      place: this.#listView.place,
      count: this.#list.length,
      follows: this.#listView.follows,
      filter: this.#filterText,
      intercept: this.#intercept.filter?.text ?? null,
      held: this.#intercept.size,
      dropped: store.dropped,
      order: this.#list.order,
      reversed: this.#list.reversed,
      address,
      options,
    };
  }

  #end(): void {
    this.#over.resolve();
  }
}

function filterFlaw({ message, at }: FilterError): string {
  return `character ${at + 1}: ${message}`;
}
