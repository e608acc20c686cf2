// `e`: what is held is edited before it goes on; a request that is over is edited to be sent again. Heads in the console,
// bodies and messages in a person's own editor.

import type { CapturedBody } from "../flow/body_decode.ts";
import type { Flow } from "../flow/record.ts";
import { isJsonType, mediaType } from "../format/media.ts";
import type { Fields } from "../http/fields.ts";
import { editableBody, encodedBody } from "./body_edit.ts";
import type { Drafts } from "./drafts.ts";
import type { ContentKind } from "./external_editor.ts";
import { editRequestHead, editResponseHead, requestHeadLines, responseHeadLines } from "./head_text.ts";
import type { Held, Intercept } from "./intercept.ts";
import { TextArea } from "./text_area.ts";
import type { ViewHost } from "./view.ts";

/** The content after editing; null when it is as it was; a string says what went wrong. */
export type Edit = (content: Uint8Array, kind: ContentKind) => Promise<Uint8Array | null | string>;

export interface EditParts {
  host: ViewHost;
  intercept: Intercept;
  drafts: Drafts;
  edit: Edit;
}

interface BodyParts extends CapturedBody {
  readonly truncated: boolean;
}

export function editFlow(parts: EditParts, flow: Flow): void {
  const { host, intercept } = parts;
  const held = intercept.heldOf(flow);
  if (held !== null) return editHeld(parts, held);
  if (flow.kind === "tcp") {
    return host.say("only what is held can be edited: i sets an intercept filter", "warning");
  }
  const draft = parts.drafts.of(flow);
  if (typeof draft === "string") return host.say(draft, "warning");
  const keep = () => {
    parts.drafts.keep(flow, draft);
    host.say("kept: r sends it as it is now");
  };
  host.choose({
    label: "edit the request, to be sent again:",
    keys: [
      {
        key: "h",
        what: "head",
        chosen: () =>
          openHead(host, "request head", requestHeadLines(draft.head), (lines) => {
            const flaw = editRequestHead(draft.head, lines);
            if (flaw === null) keep();
            return flaw;
          }),
      },
      {
        key: "b",
        what: "body",
        chosen: () => {
          const { body } = draft;
          const captured = { bytes: () => body, length: body.length, truncated: false };
          editBody(parts, draft.head.fields, captured, (edited) => {
            draft.body = edited;
            keep();
          });
        },
      },
    ],
  });
}

function editHeld(parts: EditParts, held: Held): void {
  const { host } = parts;
  switch (held.kind) {
    case "request": {
      const { head, body } = held.flow.request;
      return editMessage(
        parts,
        held,
        body,
        head.fields,
        requestHeadLines(head),
        (lines) => editRequestHead(head, lines),
      );
    }
    case "response": {
      const { response } = held.flow;
      if (response === null) return;
      const { head, body } = response;
      return editMessage(
        parts,
        held,
        body,
        head.fields,
        responseHeadLines(head),
        (lines) => editResponseHead(head, lines),
      );
    }
    case "message":
      return void edited(
        parts,
        held.message.body.bytes(),
        contentKind(null, held.message.body.bytes()),
        (content) => {
          held.control.replace(content);
          host.say("edited: a lets it go on");
        },
      );
    case "chunk":
      return void edited(parts, held.message.content, "bin", (content) => {
        held.control.replace(content);
        host.say("edited: a lets it go on");
      });
  }
}

function editMessage(
  parts: EditParts,
  held: Held & { kind: "request" | "response" },
  body: BodyParts,
  fields: Fields,
  lines: string[],
  keep: (lines: readonly string[]) => string | null,
): void {
  const { host } = parts;
  host.choose({
    label: `edit the ${held.kind}:`,
    keys: [
      { key: "h", what: "head", chosen: () => openHead(host, `${held.kind} head`, lines, keep) },
      {
        key: "b",
        what: "body",
        chosen: () =>
          editBody(parts, fields, body, (content) => {
            held.control.setBody(content);
            host.say("edited: a lets it go on");
          }),
      },
    ],
  });
}

function openHead(
  host: ViewHost,
  title: string,
  lines: readonly string[],
  keep: (lines: readonly string[]) => string | null,
): void {
  host.open(new TextArea(host, title, lines, keep));
}

function editBody(
  parts: EditParts,
  fields: Fields,
  body: BodyParts,
  put: (content: Uint8Array) => void,
): void {
  const editable = editableBody(fields, body);
  if (typeof editable === "string") return parts.host.say(editable, "warning");
  const { content, codings } = editable;
  edited(parts, content, contentKind(fields, content), (after) => put(encodedBody(after, codings)));
}

function edited(
  { host, edit }: EditParts,
  content: Uint8Array,
  kind: ContentKind,
  put: (content: Uint8Array) => void,
): void {
  edit(content, kind).then((outcome) => {
    if (typeof outcome === "string") host.say(outcome, "error");
    else if (outcome === null) host.say("nothing was changed");
    else put(outcome);
    host.changed();
  });
}

function contentKind(fields: Fields | null, content: Uint8Array): ContentKind {
  const type = fields === null ? "" : mediaType(fields).type;
  if (isJsonType(type) || (fields === null && (content[0] === 0x7b || content[0] === 0x5b))) return "json";
  if (type.includes("html")) return "html";
  if (type.includes("xml")) return "xml";
  if (type.includes("javascript")) return "js";
  return type === "text/css" ? "css" : "txt";
}
