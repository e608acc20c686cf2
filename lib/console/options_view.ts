// All options with their values: changed in place where they may change while the proxy runs. `T` and `I` lead straight
// to the lists of hosts.

import type { OptionsAccess, OptionState } from "../cli/options_live.ts";
import type { OptionName } from "../cli/options_table.ts";
import { HostsView } from "./hosts_view.ts";
import type { Key } from "./key.ts";
import { fitText, type Line, line, span, widthOf } from "./line.ts";
import type { Row, Size } from "./screen.ts";
import { Scroll } from "./scroll.ts";
import type { KeyHelp, View, ViewHost } from "./view.ts";

const NAME_WIDTH = 22;

export class OptionsView implements View {
  readonly title = "options";
  readonly help: readonly KeyHelp[] = [
    { keys: "T", what: "raw-TCP hosts", short: "raw-TCP hosts" },
    { keys: "I", what: "ignored hosts", short: "ignored hosts" },
    { keys: "enter", what: "change", short: "change" },
    { keys: "d", what: "back to its default", short: "back to its default" },
    { keys: "q esc", what: "back", short: "back" },
  ];
  readonly #host: ViewHost;
  readonly #options: OptionsAccess;
  readonly #scroll = new Scroll();
  #height = 1;

  constructor(host: ViewHost, options: OptionsAccess) {
    this.#host = host;
    this.#options = options;
  }

  rows({ columns, rows }: Size): Row[] {
    const options = this.#options.list();
    // Two rows below say more of the one in focus.
    this.#height = Math.max(1, rows - 3);
    this.#scroll.fit(options.length, this.#height);
    const shown: Row[] = [];
    const window = options.slice(this.#scroll.top, this.#scroll.top + this.#height);
    for (const [index, option] of window.entries()) {
      const isFocused = index + this.#scroll.top === this.#scroll.focus;
      const spans = [span(isFocused ? "› " : "  ", "key"), ...optionRow(option, columns - 2)];
      shown.push(isFocused ? { spans, inverse: true } : { spans });
    }
    while (shown.length < rows - 2) shown.push({ spans: [] });
    const focused = options[this.#scroll.focus];
    if (focused !== undefined) { for (const spans of details(focused)) shown.push({ spans }); }
    return shown;
  }

  key(key: Key): boolean {
    switch (key) {
      case "T":
        return this.#editHosts("tcp_hosts");
      case "I":
        return this.#editHosts("ignore_hosts");
      case "enter":
      case "right":
        this.#edit();
        return true;
      case "d":
        this.#reset();
        return true;
    }
    return this.#scroll.key(key, this.#options.list().length, this.#height);
  }

  #editHosts(name: OptionName): true {
    const place = this.#options.list().findIndex((option) => option.name === name);
    if (place >= 0) this.#scroll.focus = place;
    this.#host.open(new HostsView(this.#host, this.#options, name));
    return true;
  }

  #edit(): void {
    const option = this.#options.list()[this.#scroll.focus];
    if (option === undefined) return;
    const { name, flag, shape } = option;
    if (!option.live) {
      return this.#host.say(`${flag} cannot change while mitm runs: give it at the start`, "warning");
    }
    if (shape === "list") {
      this.#editHosts(name);
      return;
    }
    if (shape === "toggle") return void this.#set(name, [option.value === "true" ? "false" : "true"]);
    this.#host.ask({
      label: `${name} (${option.accepts})`,
      initial: option.texts[0] ?? "",
      submit: (text) => this.#options.set(name, text === "" ? [] : [text]),
    });
  }

  #reset(): void {
    const option = this.#options.list()[this.#scroll.focus];
    if (option === undefined) return;
    this.#options.reset(option.name).then((reason) => this.#said(reason));
  }

  #set(name: OptionName, texts: readonly string[]): void {
    this.#options.set(name, texts).then((reason) => this.#said(reason));
  }

  #said(reason: string | null): void {
    if (reason !== null) this.#host.say(reason, "error");
    this.#host.changed();
  }
}

function optionRow(option: OptionState, columns: number): Line {
  const { name, value, defaultValue, isSet, live } = option;
  const rest = isSet ? `default ${defaultValue}` : "";
  const mark = live ? "" : "at start only";
  const room = Math.max(8, columns - NAME_WIDTH - 2 - widthOf(mark) - (rest === "" ? 0 : widthOf(rest) + 2));
  const shown = widthOf(value) > room ? fitText(value, room) : value;
  const taken = NAME_WIDTH + 1 + widthOf(shown) + widthOf(rest) + 2 + widthOf(mark) + 1;
  const gap = " ".repeat(Math.max(1, columns - taken));
  return [
    span(`${fitText(name, NAME_WIDTH)} `, "name"),
    span(shown, isSet ? "strong" : "plain"),
    span(gap),
    span(rest, "faint"),
    span(`  ${mark}`, "faint"),
  ];
}

function details({ flag, help, accepts, live }: OptionState): Line[] {
  const when = live ? "" : " It counts from the next start.";
  return [line(`${flag}  ${help}${when}`, "faint"), line(`accepted: ${accepts}`, "faint")];
}
