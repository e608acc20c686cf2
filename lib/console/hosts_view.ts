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
  readonly takesText = true;
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
  #changes = Promise.resolve();

  constructor(host: ViewHost, options: OptionsAccess, name: OptionName) {
    this.#host = host;
    this.#options = options;
    this.#name = name;
    this.title = name;
  }

  rows({ columns, rows }: Size): Row[] {
    const { flag, help, accepts, texts } = this.#options.get(this.#name);
    this.#chosen = Math.min(this.#chosen, texts.length - 1);
    const height = Math.max(1, rows - HEADING);
    if (this.#chosen >= 0) this.#top = Math.max(this.#chosen - height + 1, Math.min(this.#top, this.#chosen));
    const shown: Row[] = [
      { spans: [span(`  ${this.#name}`, "title"), span(`  ${flag}  ${help}`, "faint")] },
      { spans: line(`  accepted: ${accepts}`, "faint") },
      { spans: [] },
      { spans: [span(PROMPT, "key"), span(escapeText(this.#typed(columns).text))] },
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

  cursor({ columns }: Size): Cursor | null {
    if (this.#chosen >= 0) return null;
    return { row: HEADING - 2, column: widthOf(PROMPT) + this.#typed(columns).column };
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
        this.#add();
        return true;
      case "escape":
        return false;
    }
    if (this.#chosen < 0) return this.#input.key(key);
    if (key === "d" || key === "delete") {
      const chosen = this.#chosen;
      this.#change((entries) => {
        const place = Math.min(chosen, entries.length - 1);
        return entries.filter((_, index) => index !== place);
      });
      return true;
    }
    if (key === "q") return false;
    // Typing goes to the input line, wherever one is.
    this.#chosen = -1;
    return this.#input.key(key);
  }

  #typed(columns: number): { text: string; column: number } {
    return this.#input.window(columns - widthOf(PROMPT));
  }

  /** What is typed next is another one already. */
  #add(): void {
    const text = this.#input.text.trim();
    this.#input.text = "";
    if (text === "") return;
    this.#change((texts) => {
      if (!texts.includes(text)) return [...texts, text];
      this.#host.say(`${text} is there already`);
      return null;
    }, text);
  }

  /** One after the other; `typed`: what is put back to be mended. */
  #change(change: (texts: readonly string[]) => readonly string[] | null, typed = ""): void {
    this.#changes = this.#changes.then(async () => {
      const texts = change(this.#options.get(this.#name).texts);
      if (texts === null) return;
      const reason = await this.#options.set(this.#name, texts);
      if (reason !== null) {
        this.#host.say(reason, "error");
        if (this.#input.text === "") this.#input.text = typed;
      }
      this.#host.changed();
    });
  }
}
