// Header lists of responses, and what they mean: RFC 9113, 8.1, 8.2 and 8.3.2. What an origin gets wrong without harm
// is forgiven and noted.

import type { ResponseHead } from "../../lib/http/head.ts";
import type { Line } from "./head_lists.ts";

interface RowBase {
  name: string;
  rule: string;
  lines: Line[];
  /** END_STREAM with the head; false where nothing is said. */
  end?: boolean;
  /** What is answered; GET where nothing is said. */
  method?: string;
}

export type ResponseHeadRow =
  & RowBase
  /** `fault`: a part of the message; its rule is the row's. */
  & (
    | { head: Partial<ResponseHead>; fields?: string[]; notes?: string[] }
    | { fault: string }
  );

const ok = [":status: 200"];
const none: Partial<ResponseHead> = { framing: "none", contentLength: null };

const legal: ResponseHeadRow[] = [
  {
    name: "a response",
    rule: "RFC 9113, 8.3.2",
    lines: [...ok, "x: 1", "set-cookie: a", "set-cookie: b", "x: 1"],
    head: {
      kind: "response",
      version: "HTTP/2.0",
      status: 200,
      reason: "",
      framing: "stream",
      contentLength: null,
    },
    fields: ["x: 1", "set-cookie: a", "set-cookie: b", "x: 1"],
  },
  { name: "a response without content", rule: "RFC 9113, 8.1", lines: ok, end: true, head: none },
  {
    name: "any status of three digits",
    rule: "RFC 9110, 15",
    lines: [":status: 999"],
    head: { status: 999 },
  },
  {
    name: "an interim response",
    rule: "RFC 9113, 8.1",
    lines: [":status: 103", "link: x"],
    head: { ...none, status: 103 },
  },
  {
    name: "length",
    rule: "RFC 9113, 8.1.1",
    lines: [...ok, "content-length: 5"],
    head: { framing: "length", contentLength: 5 },
  },
  {
    name: "a length of 0 at the end",
    rule: "RFC 9113, 8.1.1",
    lines: [...ok, "content-length: 0"],
    end: true,
    head: { framing: "length", contentLength: 0 },
  },
  {
    name: "a length in a response to HEAD",
    rule: "RFC 9113, 8.1.1",
    lines: [...ok, "content-length: 5"],
    method: "HEAD",
    end: true,
    head: { framing: "none", contentLength: 5 },
  },
  {
    name: "a response to HEAD whose end is to come",
    rule: "RFC 9113, 8.1.1",
    lines: ok,
    method: "HEAD",
    head: none,
  },
  {
    name: "a length in a 304",
    rule: "RFC 9113, 8.1.1",
    lines: [":status: 304", "content-length: 5"],
    end: true,
    head: { framing: "none", contentLength: 5 },
  },
  { name: "204", rule: "RFC 9110, 15.3.5", lines: [":status: 204"], head: none },
  {
    name: "a successful answer to CONNECT: a length is ignored",
    rule: "RFC 9110, 9.3.6",
    lines: [...ok, "content-length: x"],
    method: "CONNECT",
    head: none,
    fields: ["content-length: x"],
  },
  {
    name: "a refusal of CONNECT has a body",
    rule: "RFC 9110, 9.3.6",
    lines: [":status: 502", "content-length: 5"],
    method: "CONNECT",
    head: { framing: "length", contentLength: 5 },
  },
  { name: "host means nothing here", rule: "RFC 9110, 7.2", lines: [...ok, "host: a", "host: b"], head: {} },
];

const forgiven: ResponseHeadRow[] = [
  {
    name: "uppercase names are kept, and noted once",
    rule: "RFC 9113, 8.2.1",
    lines: [...ok, "Server: x", "X-Y: z", "Content-Length: 5"],
    head: { framing: "length", contentLength: 5 },
    fields: ["Server: x", "X-Y: z", "Content-Length: 5"],
    notes: ["uppercase-field-name"],
  },
  {
    name: "connection-specific fields are left out",
    rule: "RFC 9113, 8.2.2",
    lines: [
      ...ok,
      "connection: close",
      "a: b",
      "proxy-connection: x",
      "keep-alive: x",
      "transfer-encoding: chunked",
      "upgrade: h2,h2c",
      "te: trailers",
      "c: d",
    ],
    head: { framing: "stream" },
    fields: ["a: b", "c: d"],
    notes: ["connection-specific-field"],
  },
  {
    name: "connection-specific fields in uppercase",
    rule: "RFC 9113, 8.2.2",
    lines: [...ok, "Connection: close"],
    head: {},
    fields: [],
    notes: ["uppercase-field-name", "connection-specific-field"],
  },
  {
    name: "blanks around values are cut off",
    rule: "RFC 9113, 8.2.1",
    lines: [...ok, ["a", " b"], ["c", "\td \t"], ["e", "  "], ["content-length", " 5 "]],
    head: { framing: "length", contentLength: 5 },
    fields: ["a: b", "c: d", "e: ", "content-length: 5"],
    notes: ["blank-around-value"],
  },
  {
    name: "control characters that end no line are passed on",
    rule: "RFC 9110, 5.5",
    lines: [...ok, "a: \x01b\x7f"],
    head: {},
    fields: ["a: \x01b\x7f"],
    notes: ["control-character-in-value"],
  },
  ...["103", "204"].map((status): ResponseHeadRow => ({
    name: `a length in a ${status}`,
    rule: "RFC 9110, 8.6",
    lines: [`:status: ${status}`, "content-length: 5"],
    head: none,
    fields: ["content-length: 5"],
    notes: ["content-length-without-body"],
  })),
];

const fault = (
  name: string,
  rule: string,
  lines: Line[],
  message: string,
  more: { end?: boolean; method?: string } = {},
): ResponseHeadRow => ({ name, rule, lines, fault: message, ...more });

const faults: ResponseHeadRow[] = [
  fault("no fields at all", "RFC 9113, 8.3.2", [], "without :status"),
  fault("no :status", "RFC 9113, 8.3.2", ["x: y"], "without :status"),
  fault(
    "the pseudo-fields of requests",
    "RFC 9113, 8.3",
    [":method: GET", ...ok],
    "not defined for responses",
  ),
  fault("a pseudo-field of requests", "RFC 9113, 8.3", [...ok, ":path: /"], "not defined for responses"),
  fault("an unknown pseudo-field", "RFC 9113, 8.3", [...ok, ":x: y"], "not defined for responses"),
  fault("two :status", "RFC 9113, 8.3", [...ok, ...ok], "Several :status"),
  fault("an uppercase pseudo-field", "RFC 9113, 8.3", [":Status: 200"], "not defined for responses"),
  fault(
    "a pseudo-field after a regular field",
    "RFC 9113, 8.3",
    [...ok, "x: y", ":status: 200"],
    "after a regular",
  ),
  ...["", "20", "2000", "099", "2OO", " 200", "200 ", "-20", "200 OK"].map((status) =>
    fault(`the status ${JSON.stringify(status)}`, "RFC 9113, 8.3.2", [[":status", status]], "three digits")
  ),
  fault("101", "RFC 9113, 8.6", [":status: 101"], "101"),
  fault("an interim response at the end", "RFC 9113, 8.1", [":status: 100"], "ends the stream", {
    end: true,
  }),
  ...["", "a b", "a:b", "a\0", "\xe9", "a\r\nb"].map((name) =>
    fault(`the name ${JSON.stringify(name)}`, "RFC 9113, 8.2.1", [...ok, [name, "x"]], "not a token")
  ),
  ...["\0", "a\rb", "a\n"].map((value) =>
    fault(`the value ${JSON.stringify(value)}`, "RFC 9113, 8.2.1", [...ok, ["x", value]], "line break or NUL")
  ),
  fault(
    "a line break in a field that is left out anyway",
    "RFC 9113, 8.2.1",
    [...ok, ["connection", "a\nb"]],
    "line break or NUL",
  ),
  ...["", "x", "+5", "5, 5", "9007199254740993"].map((text) =>
    fault(
      `content-length ${JSON.stringify(text)}`,
      "RFC 9110, 8.6",
      [...ok, ["content-length", text]],
      "not one number",
    )
  ),
  fault(
    "a bad length in a response to HEAD",
    "RFC 9110, 8.6",
    [...ok, "content-length: x"],
    "not one number",
    { method: "HEAD", end: true },
  ),
  fault(
    "two lengths, one of them in uppercase",
    "RFC 9110, 8.6",
    [...ok, "content-length: 5", "Content-Length: 6"],
    "not one number",
  ),
  fault(
    "a length and no body",
    "RFC 9113, 8.1.1",
    [...ok, "content-length: 5"],
    "announces 5 bytes",
    { end: true },
  ),
];

export const responseHeadRows: ResponseHeadRow[] = [...legal, ...forgiven, ...faults];
