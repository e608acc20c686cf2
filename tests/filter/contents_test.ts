// How bodies are searched: codings, characters beyond ASCII, cut captures; and that nothing is decoded unless asked.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { latin1Encode } from "../../lib/bytes/latin1.ts";
import { compileFilter } from "../../lib/filter/compile.ts";
import { FilterError } from "../../lib/filter/filter_error.ts";
import { DECODED_LIMIT } from "../../lib/filter/flow_contents.ts";
import { BodyCapture } from "../../lib/flow/body_capture.ts";
import type { Flow, HttpFlow } from "../../lib/flow/record.ts";
import {
  type FieldList,
  makeHttpFlow,
  makeTcpFlow,
  makeTcpMessage,
  makeWebSocket,
  makeWebSocketMessage,
} from "../kit/records.ts";

function matches(filter: string, flow: Flow): boolean {
  const compiled = compileFilter(filter);
  assert.ok(!(compiled instanceof FilterError));
  return compiled.matches(flow);
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const answer = (body: string | Uint8Array, fields: FieldList = []) =>
  makeHttpFlow({ response: { body, fields } });
const gzip: FieldList = [["Content-Encoding", "gzip"]];

const rows: [name: string, body: string | Uint8Array, filter: string, expected: boolean][] = [
  ["UTF-8", utf8("zażółć gęślą"), "~b żółć", true],
  ["UTF-8 in other case", utf8("ZAŻÓŁĆ"), "~b żółć", true],
  ["UTF-8 that is not there", utf8("zazolc"), "~b żółć", false],
  ["a class of characters", utf8("Größe"), "~b Gr[öü][ßs]e$", true],
  ["characters beyond the first plane", utf8("so: 😀!"), "~b 😀!", true],
  ["an escape of a character", utf8("ceci: é"), "~b \\u00e9$", true],
  ["UTF-8 that is cut", utf8("żółw ż").subarray(0, -1), "~b żółw", true],
  ["UTF-8 with bytes that are none", "\xff\xfe " + "\xc3\xa9t\xc3\xa9", "~b été", true],
  ["Latin-1", "caf\xe9", "~b café", true],
  ["ASCII", "cafe", "~b café", false],
  ["bytes by their escapes", "\x00\x89PNG\r\n\x1a", "~b \\x89PNG\\r\\n\\x1a", true],
  ["bytes in a class", "\x00\x89PNG", "~b [\\x80-\\x8f]PNG", true],
  ["bytes by octal escapes", "\x89PNG", "~b \\211PNG", true],
  ["bytes that are not there", "\x88PNG", "~b \\x89PNG", false],
  ["a dot is one byte", "a\x89b", "~b ^a.b$", true],
  ["a dot is one byte of a character", utf8("aéb"), "~b ^a.b$", false],
  ["two dots are two", utf8("aéb"), "~b ^a..b$", true],
  ["a dot is a line end", "a\nb", "~b ^a.b$", true],
  ["bytes from 0x80 on are no blanks", "a\xa0b", "~b a\\sb", false],
  ["bytes from 0x80 on are no letters", "a\xe9b", "~b 'a\\wb'", false],
  ["words end at them", utf8("né"), "~b n\\b", true],
  ["ASCII letters beside other bytes", utf8("Żółw HELLO"), "~b hello$", true],
];
for (const [name, body, filter, expected] of rows) {
  Deno.test(`filter contents: ${name}: ${filter}`, () => {
    const bytes = typeof body === "string" ? latin1Encode(body) : body;
    assert.equal(matches(filter, answer(body)), expected);
    assert.equal(matches(filter, answer(gzipSync(bytes), gzip)), expected);
    const message = { body, fromClient: false };
    const websocket = makeWebSocket({ messages: [makeWebSocketMessage(message)] });
    assert.equal(matches(filter, makeHttpFlow({ websocket })), expected);
    const tcp = makeTcpFlow({ messages: [makeTcpMessage(body, { fromClient: false })] });
    assert.equal(matches(filter, tcp), expected);
  });
}

Deno.test("filter contents: heads in UTF-8 and Latin-1", () => {
  const flow = makeHttpFlow({
    request: { path: "/\xc3\xa9t\xc3\xa9", fields: [["X-Name", "Fran\xe7ois"], ["X-Town", "K\xc3\xb6ln"]] },
  });
  for (const filter of ["/été", "/ÉTÉ", "~h françois", "~h 'town: köln$'", "~h K..ln"]) {
    assert.ok(matches(filter, flow), filter);
  }
  assert.ok(!matches("~h kolń", flow));
});

Deno.test("filter contents: coded bodies are searched decoded, in both directions", () => {
  const flow = makeHttpFlow({
    request: { body: gzipSync("question"), fields: gzip },
    response: { body: gzipSync("answer"), fields: gzip },
  });
  assert.ok(matches("~bq ^question$ ~bs ^answer$", flow));
  assert.ok(!matches("~bq answer | ~bs question", flow));
});

Deno.test("filter contents: a coding that is not known or not true leaves the bytes", () => {
  assert.ok(matches("~b hello", answer("hello", [["Content-Encoding", "exi"]])));
  assert.ok(matches("~b hello", answer("hello", gzip)));
});

Deno.test("filter contents: what was captured of a coded body is searched", () => {
  const body = gzipSync(crypto.getRandomValues(new Uint8Array(50_000)).toHex() + "end");
  const flow = makeHttpFlow({ response: { body, fields: gzip, capture: body.length / 2 } });
  assert.ok(matches("~b ^[0-9a-f]{1000}", flow));
  assert.ok(!matches("~b end$", flow));
});

Deno.test("filter contents: a coded body is searched up to the limit, however far it expands", () => {
  const zeros = (length: number) => gzipSync(`begin${"\0".repeat(length)}end`);
  assert.ok(matches("~b ^begin ~b end$", answer(zeros(DECODED_LIMIT - 8), gzip)));
  const bomb = answer(zeros(DECODED_LIMIT * 4), gzip);
  assert.ok(matches("~b ^begin", bomb));
  assert.ok(!matches("~b end", bomb));
});

Deno.test("filter contents: a body without a coding is searched as far as it was captured", () => {
  assert.ok(matches("~b end$", answer("\0".repeat(DECODED_LIMIT) + "end")));
});

Deno.test("filter contents: a flow that let go of its captures is not found", () => {
  const flow = answer("hello");
  flow.response?.body.discard();
  assert.ok(!matches("~b hello", flow));
  assert.ok(!matches("~b ''", flow));
});

Deno.test("filter contents: a flow that goes on is looked at as it is", () => {
  const flow = makeTcpFlow({ took: null });
  const compiled = compileFilter("~b late");
  assert.ok(!(compiled instanceof FilterError));
  assert.equal(compiled.matches(flow), false);
  flow.messages.push(makeTcpMessage("late"));
  assert.equal(compiled.matches(flow), true);
});

Deno.test("filter contents: what the engine cannot finish does not match, and does not throw", () => {
  assert.equal(matches("~b '^(?:a|b)*c'", answer("x")), false);
  assert.equal(matches("~b '^(?:a|b)*c'", answer("ab".repeat(8 * 1024 * 1024))), false);
});

/** Counts how often its bytes are asked for. */
class CountedBody extends BodyCapture {
  asked = 0;

  override bytes(): Uint8Array {
    this.asked++;
    return super.bytes();
  }
}

function countedFlow(): {
  flow: HttpFlow;
  asked: () => [request: number, response: number, message: number];
} {
  const bodies = ["question", "answer", "message"].map((text) => {
    const body = new CountedBody(100);
    body.append(utf8(text));
    return body;
  });
  const [request, response, message] = bodies as [CountedBody, CountedBody, CountedBody];
  const flow = makeHttpFlow({
    websocket: makeWebSocket({
      messages: [{ ...makeWebSocketMessage({ fromClient: false }), body: message }],
    }),
  });
  flow.request.body = request;
  flow.response!.body = response;
  return { flow, asked: () => [request.asked, response.asked, message.asked] };
}

const counts: [filter: string, asked: [request: number, response: number, message: number]][] = [
  ["~u x ~m x ~d x ~c 200 ~t x ~h x ~src x ~dst x", [0, 0, 0]],
  ["~u x | ~m x | ~d x | ~c 1 | ~t x | ~h x | ~src x | ~dst x", [0, 0, 0]],
  ["~q | ~e | ~a | ~marked | ~tcp", [0, 0, 0]],
  ["!~http & !~websocket & !~s", [0, 0, 0]],
  ["~b question", [1, 0, 0]],
  ["~b answer", [1, 1, 1]],
  ["~b nothing", [1, 1, 1]],
  ["~bq nothing", [1, 0, 0]],
  ["~bs nothing", [0, 1, 1]],
  // Once for each look at the flow, however many ask.
  ["~b x | ~b y | ~bq z | ~bs z | !~b answer", [1, 1, 1]],
  // What is cheaper decides first, wherever it stands.
  ["~b answer & ~d other", [0, 0, 0]],
  ["~b answer ~h other", [0, 0, 0]],
  ["~b answer | ~s", [0, 0, 0]],
  ["(~b answer | ~b x) & !(~h z | ~http)", [0, 0, 0]],
];
for (const [filter, asked] of counts) {
  Deno.test(`filter contents: how often bodies are read: ${filter}`, () => {
    const counted = countedFlow();
    matches(filter, counted.flow);
    assert.deepEqual(counted.asked(), asked);
  });
}
