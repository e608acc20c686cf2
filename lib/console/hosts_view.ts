// A list of texts (host patterns, mostly), with an input line that is ready: type and Enter adds; arrows and `d` delete.
// Each change counts at once, so that going back keeps it.

import type { OptionsAccess } from "../cli/options_live.ts";
import type { OptionName } from "../cli/options_table.ts";
import { escapeText } from "../format/escape.ts";
import type { Key } from "./key.ts";
import { line, span, widthOf } from "./line.ts";
import { LineEditor } from "./line_editor.ts";
import type { Cursor, Row, Size } from "./screen.ts";
import type { KeyHelp, View, ViewHost } from "./view.ts";

const PROMPT = "  add: ";
/** Rows before the entries: what it is, what is accepted, an empty one, the input, an empty one. */
const HEADING = 5;

export class HostsView implements View {
  readonly title: string;
  readonly help: readonly KeyHelp[] = [
    { keys: "enter", what: "add what was typed", short: "add" },
    { keys: "↑ ↓", what: "choose an entry", short: "choose" },
    { keys: "d", what: "delete the entry chosen", short: "delete" },
    { keys: "esc", what: "back, keeping all", short: "back, keeping all" },
  ];
  readonly #host: ViewHost;
  readonly #options: OptionsAccess;
  readonly #name: OptionName;
  readonly #input = new LineEditor();
  /** The entry chosen; -1: the input line. */
  #chosen = -1;
  #top = 0;

  constructor(host: ViewHost, options: OptionsAccess, name: OptionName) {
    this.#host = host;
    this.#options = options;
    this.#name = name;
    this.title = name;
  }

  rows({ rows }: Size): Row[] {
    const { flag, help, accepts, texts } = this.#options.get(this.#name);
    this.#chosen = Math.min(this.#chosen, texts.length - 1);
    const height = Math.max(1, rows - HEADING);
    if (this.#chosen >= 0) this.#top = Math.max(this.#chosen - height + 1, Math.min(this.#top, this.#chosen));
    const shown: Row[] = [
      { spans: [span(`  ${this.#name}`, "title"), span(`  ${flag}  ${help}`, "faint")] },
      { spans: line(`  accepted: ${accepts}`, "faint") },
      { spans: [] },
      { spans: [span(PROMPT, "key"), span(this.#input.text)] },
      { spans: [] },
    ];
    if (texts.length === 0) shown.push({ spans: line("  (none)", "faint") });
    for (const [index, text] of texts.slice(this.#top, this.#top + height).entries()) {
      const isChosen = index + this.#top === this.#chosen;
      const spans = [span(isChosen ? "› " : "  ", "key"), span(escapeText(text))];
      shown.push(isChosen ? { spans, inverse: true } : { spans });
    }
    return shown;
  }

  cursor(): Cursor | null {
    return this.#chosen >= 0 ? null : { row: HEADING - 2, column: widthOf(PROMPT) + this.#input.column };
  }

  key(key: Key): boolean {
    const { texts } = this.#options.get(this.#name);
    switch (key) {
      case "down":
        this.#chosen = Math.min(this.#chosen + 1, texts.length - 1);
        return true;
      case "up":
        this.#chosen = Math.max(this.#chosen - 1, -1);
        return true;
      case "enter":
        this.#add(texts);
        return true;
      case "escape":
        return false;
    }
    if (this.#chosen < 0) return this.#input.key(key);
    if (key === "d" || key === "delete") {
      this.#set(texts.filter((_, index) => index !== this.#chosen));
      return true;
    }
    if (key === "q") return false;
    // Typing goes to the input line, wherever one is.
    this.#chosen = -1;
    return this.#input.key(key);
  }

  #add(texts: readonly string[]): void {
    const text = this.#input.text.trim();
    if (text === "") return;
    if (texts.includes(text)) {
      this.#input.text = "";
      return this.#host.say(`${text} is there already`);
    }
    this.#options.set(this.#name, [...texts, text]).then((reason) => {
      if (reason === null) this.#input.text = "";
      else this.#host.say(reason, "error");
      this.#host.changed();
    });
  }

  #set(texts: readonly string[]): void {
    this.#options.set(this.#name, texts).then((reason) => {
      if (reason !== null) this.#host.say(reason, "error");
      this.#host.changed();
    });
  }
}
