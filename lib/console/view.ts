// What fills the console: one view at a time, on a stack; and what a view may ask of the console.
// Invariant: a view is a function of what it shows and its own state: `rows` changes nothing but where it is scrolled to.

import type { Flow } from "../flow/record.ts";
import type { Key } from "./key.ts";
import type { Style } from "./line.ts";
import type { Cursor, Row, Size } from "./screen.ts";

export interface View {
  /** At most `size.rows` rows. */
  rows(size: Size): Row[];
  /** Where the cursor is shown, if at all. */
  cursor?(size: Size): Cursor | null;
  /** Whether the key meant something here. */
  key(key: Key): boolean;
  /** For `?` and the line at the bottom. */
  readonly help: readonly KeyHelp[];
  /** A word for the status line. */
  readonly title: string;
  /** Characters are text here: no key of one asks for help. */
  readonly takesText?: true;
}

export interface KeyHelp {
  keys: string;
  what: string;
  /** In these words it stands in the line at the bottom, too. */
  short?: string;
}

/** A question on the last line. */
export interface Question {
  label: string;
  initial?: string;
  /** The text is complete. A text that comes back says what is wrong with it: it can be mended. */
  submit(text: string): string | null | Promise<string | null>;
  /** The text has changed. */
  change?(text: string): void;
  /** Escape. */
  cancel?(): void;
}

/** A question that one key answers. */
export interface Choice {
  label: string;
  keys: readonly { key: Key; what: string; chosen: () => void }[];
}

/** What views ask of the console. */
export interface ViewHost {
  open(view: View): void;
  /** Closes the view on top. */
  back(): void;
  /** Something for the last line, until the next key. */
  say(text: string, style?: Style): void;
  ask(question: Question): void;
  choose(choice: Choice): void;
  /** The picture has to be made anew. */
  changed(): void;
}

/** What the list and the view of one flow have in common. */
export interface FlowKeys {
  /** Keys that do something with a flow (or with none in focus). */
  key(key: Key, flow: Flow | null): boolean;
  readonly help: readonly KeyHelp[];
}
