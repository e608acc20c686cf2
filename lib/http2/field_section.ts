// The regular fields of a decoded header block, strict for clients, forgiving for origins (RFC 9113, 8.2.1, 8.2.2).
// Invariants: what comes through is fit for HTTP/1 too: names are tokens, no value has a line break or NUL or blanks at
// its ends, nothing connection-specific is left; order, duplicates and bytes are kept; each kind of thing forgiven
// is noted once.

import type { HeaderBlock } from "../hpack/header_block.ts";
import { Fields, trimBlanks } from "../http/fields.ts";
import { type FieldName, fieldName } from "./field_names.ts";
import { type HeadFault, type HeadNote, malformed } from "./head_fault.ts";

export type SectionKind = "request" | "response" | "trailers";

export interface FieldSection {
  fields: Fields;
  /** All values, as a list of one line (RFC 9110, 5.3); null without one. */
  contentLength: string | null;
  host: string | null;
}

/**
 * Reads the fields of `block` from `block.list[from]` on. `notes` takes what is forgiven; null: nothing is. Pseudo-fields
 * have no place there.
 */
export function readFieldSection(
  block: HeaderBlock,
  from: number,
  kind: SectionKind,
  notes: HeadNote[] | null,
): FieldSection | HeadFault {
  const reader = new SectionReader(block.list.slice(from), kind, notes);
  const fault = reader.read();
  if (fault !== null) return fault;
  const fields = new Fields(reader.list);
  fields.neverIndexed = lowerNames(block.neverIndexed);
  return { fields, contentLength: reader.contentLength, host: reader.host };
}

/** RFC 9110, 5.5: control characters but HTAB. */
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;
/** RFC 9113, 8.2.1 */
const FORBIDDEN = /[\0\n\r]/;

class SectionReader {
  /** name, value, …: what is left. */
  readonly list: string[];
  contentLength: string | null = null;
  host: string | null = null;
  readonly #kind: SectionKind;
  readonly #notes: HeadNote[] | null;

  constructor(list: string[], kind: SectionKind, notes: HeadNote[] | null) {
    this.list = list;
    this.#kind = kind;
    this.#notes = notes;
  }

  read(): HeadFault | null {
    const { list } = this;
    for (let index = 0; index < list.length; index += 2) {
      const name = fieldName(list[index] ?? "");
      const value = list[index + 1] ?? "";
      if (hasBlankEnds(value) || CONTROL.test(value)) {
        const fault = this.#repairValue(name, value, index + 1);
        if (fault !== null) return fault;
      }
      if (name.role === "ordinary" && name.isLower) continue;
      const verdict = this.#judge(name, list[index + 1] ?? "");
      if (verdict === "keep") continue;
      if (verdict !== "drop") return verdict;
      list.splice(index, 2);
      index -= 2;
    }
    return null;
  }

  #judge(name: FieldName, value: string): "keep" | "drop" | HeadFault {
    switch (name.role) {
      case "pseudo":
        return this.#kind === "trailers"
          ? malformed("A pseudo-field in the trailers", "RFC 9113, 8.1")
          : malformed("A pseudo-field after a regular field", "RFC 9113, 8.3");
      case "not-a-token":
        return malformed("A field name is not a token", "RFC 9113, 8.2.1");
    }
    if (!name.isLower) {
      const message = `The field name ${name.lower} came with uppercase letters`;
      const fault = this.#forgive("uppercase-field-name", message, "RFC 9113, 8.2.1");
      if (fault !== null) return fault;
    }
    switch (name.role) {
      case "connection-specific":
      case "transfer-encoding":
        return this.#connectionSpecific(`The field ${name.lower} belongs to HTTP/1 connections`);
      case "te":
        if (this.#kind === "request" && value.toLowerCase() === "trailers") return "keep";
        return this.#connectionSpecific(
          this.#kind === "request" ? "The field te says more than trailers" : "The field te is for requests",
        );
      case "content-length":
        this.contentLength = this.contentLength === null ? value : `${this.contentLength}, ${value}`;
        return "keep";
      case "host":
        // RFC 9112, 3.2: the classic of request smuggling.
        if (this.#kind === "request" && this.host !== null) {
          return malformed("Several host fields", "RFC 9110, 5.3");
        }
        this.host = value;
        return "keep";
      default:
        return "keep";
    }
  }

  #connectionSpecific(message: string): "drop" | HeadFault {
    return this.#forgive("connection-specific-field", message, "RFC 9113, 8.2.2") ?? "drop";
  }

  /** A value that is not as it should be: put right at `list[index]`, or a fault. */
  #repairValue(name: FieldName, value: string, index: number): HeadFault | null {
    const said = name.role === "not-a-token" ? "A field" : `The field ${name.lower}`;
    if (FORBIDDEN.test(value)) {
      return malformed(`${said} has a line break or NUL in its value`, "RFC 9113, 8.2.1");
    }
    if (CONTROL.test(value)) {
      const message = `${said} has a control character in its value`;
      const fault = this.#forgive("control-character-in-value", message, "RFC 9110, 5.5");
      if (fault !== null) return fault;
    }
    if (!hasBlankEnds(value)) return null;
    this.list[index] = trimBlanks(value);
    return this.#forgive("blank-around-value", `${said} has blanks around its value`, "RFC 9113, 8.2.1");
  }

  #forgive(code: string, message: string, rule: string): HeadFault | null {
    const notes = this.#notes;
    if (notes === null) return malformed(message, rule);
    if (!notes.some((note) => note.code === code)) notes.push({ code, message, rule });
    return null;
  }
}

function hasBlankEnds(value: string): boolean {
  return isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1));
}

/** NaN, for an empty value, is none. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function lowerNames(names: ReadonlySet<string> | null): ReadonlySet<string> | null {
  if (names === null) return null;
  for (const name of names) {
    if (!fieldName(name).isLower) return new Set(Array.from(names, (one) => one.toLowerCase()));
  }
  return names;
}
