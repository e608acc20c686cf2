// Keys as the console names them. What a terminal sends for them node:readline knows.
// Invariant: a printable character is its own name; every other key has a name of more than one letter.

import { Buffer } from "node:buffer";
import { emitKeypressEvents } from "node:readline";
import { PassThrough } from "node:stream";

/**
 * "a", "A", "é", " ", or "up", "down", "left", "right", "pageup", "pagedown", "home", "end", "enter", "escape", "tab",
 * "shift tab", "backspace", "delete", "ctrl c", "f1".
 */
export type Key = string;

/** What node:readline says of a key. */
interface Keypress {
  name?: string;
  ctrl?: boolean;
  meta?: boolean;
  shift?: boolean;
  sequence?: string;
}

/** An escape that nothing follows for so long is the key itself, in milliseconds: well below what a person notices. */
const ESCAPE_TIMEOUT = 25;

export class KeyReader {
  readonly #input = new PassThrough();

  constructor(onKey: (key: Key) => void) {
    // It takes the time from what would be a readline interface.
    emitKeypressEvents(this.#input, { escapeCodeTimeout: ESCAPE_TIMEOUT } as never);
    this.#input.on("keypress", (text: string | undefined, keypress: Keypress) => {
      for (const key of keysOf(text, keypress)) onKey(key);
    });
  }

  /** Bytes from the terminal; they are copied. */
  receive(bytes: Uint8Array): void {
    this.#input.write(Buffer.from(bytes));
  }

  close(): void {
    this.#input.destroy();
  }
}

/** No key has a meaning with Alt: what looks like one is an escape, and a key that came too soon behind it. */
export function keysOf(text: string | undefined, keypress: Keypress): Key[] {
  const { meta, name, sequence = "" } = keypress;
  // deno-lint-ignore no-control-regex
  const isBehindEscape = meta === true && name !== "escape" && /^\x1b[^\x1b[O]/u.test(sequence);
  const key = keyOf(isBehindEscape ? sequence.slice(1) : text, {
    ...keypress,
    meta: meta === true && !isBehindEscape,
  });
  const keys = key === null ? [] : [key];
  return isBehindEscape ? ["escape", ...keys] : keys;
}

/** Null: nothing that has a name. */
export function keyOf(text: string | undefined, { name, ctrl, meta, shift }: Keypress): Key | null {
  switch (name) {
    case "return":
    case "enter":
      return "enter";
    case "escape":
    case "up":
    case "down":
    case "left":
    case "right":
    case "pageup":
    case "pagedown":
    case "home":
    case "end":
    case "backspace":
    case "delete":
      return ctrl === true ? `ctrl ${name}` : name;
    case "tab":
      return shift === true ? "shift tab" : "tab";
    case "space":
      return " ";
    case "undefined":
      return null;
  }
  if (ctrl === true && name !== undefined) return `ctrl ${name}`;
  if (meta === true) return null;
  if (name !== undefined && /^f[0-9]+$/.test(name)) return name;
  return text !== undefined && text !== "" && isPrintable(text) ? text : null;
}

/** Whether a key is a character that can be typed. */
export function isCharacter(key: Key): boolean {
  return [...key].length === 1;
}

function isPrintable(text: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(text);
}
