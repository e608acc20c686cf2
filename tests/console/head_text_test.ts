// Heads as text that is edited, and back.

import assert from "node:assert/strict";
import {
  editRequestHead,
  editResponseHead,
  requestHeadLines,
  responseHeadLines,
} from "../../lib/console/head_text.ts";
import { makeHttpFlow } from "../kit/records.ts";

function makeHeads() {
  const flow = makeHttpFlow({
    request: {
      method: "POST",
      path: "/a?b",
      fields: [["Host", "example.com"], ["X-Latin", "caf\xe9"], ["X", ""]],
    },
    response: { status: 404, reason: "Not Found", fields: [["Set-Cookie", "a=1"], ["set-cookie", "b=2"]] },
  });
  return { request: flow.request.head, response: flow.response!.head };
}

Deno.test("head text: what is not changed comes back the same", () => {
  const { request, response } = makeHeads();
  const lines = requestHeadLines(request);
  assert.deepEqual(lines, ["POST /a?b", "Host: example.com", "X-Latin: caf\xe9", "X: "]);
  assert.equal(editRequestHead(request, lines), null);
  assert.deepEqual(requestHeadLines(request), lines);
  assert.deepEqual([request.method, request.path], ["POST", "/a?b"]);
  const answer = responseHeadLines(response);
  assert.deepEqual(answer, ["404 Not Found", "Set-Cookie: a=1", "set-cookie: b=2"]);
  assert.equal(editResponseHead(response, answer), null);
  assert.deepEqual(responseHeadLines(response), answer);
});

Deno.test("head text: what people type", () => {
  const { request, response } = makeHeads();
  assert.equal(editRequestHead(request, ["  GET  /x HTTP/1.1", "", "A:b", "C: \t d \t"]), null);
  assert.deepEqual(requestHeadLines(request), ["GET /x", "A: b", "C: d"]);
  assert.equal(editRequestHead(request, ["OPTIONS *"]), null);
  assert.equal(request.path, "*");
  assert.equal(editResponseHead(response, ["HTTP/1.1 200 All is well", "A:"]), null);
  assert.deepEqual([response.status, response.reason, [...response.fields]], [200, "All is well", [[
    "A",
    "",
  ]]]);
  assert.equal(editResponseHead(response, ["299"]), null);
  assert.deepEqual([response.status, response.reason], [299, ""]);
});

const wrongRequests: readonly [lines: string[], reason: RegExp][] = [
  [[""], /"" is not a method/],
  [["GET"], /path is missing/],
  [["GE(T /"], /"GE\(T" is not a method/],
  [["GET x"], /path begins with \//],
  [["GET /a b"], /METHOD and PATH/],
  [["GET /日"], /cannot be sent as it is/],
  [["GET /", "no field"], /"no field" is not "Name: value"/],
  [["GET /", ": empty"], /is not "Name: value"/],
  [["GET /", "A B: c"], /is not "Name: value"/],
  [["GET /", "A: b\r\nC: d"], /value of A has a character/],
  [["GET /", "A: 日"], /value of A has a character/],
];
for (const [lines, reason] of wrongRequests) {
  Deno.test(`head text: refused: ${JSON.stringify(lines)}`, () => {
    const { request } = makeHeads();
    const before = requestHeadLines(request);
    assert.match(editRequestHead(request, lines) ?? "", reason);
    assert.deepEqual(requestHeadLines(request), before, "nothing is changed");
  });
}

for (const line of ["", "OK", "99 x", "1000 x", "101 Switching Protocols", "20O OK"]) {
  Deno.test(`head text: no status: "${line}"`, () => {
    const { response } = makeHeads();
    assert.match(editResponseHead(response, [line]) ?? "", /a status from 200 to 999/);
    assert.equal(response.status, 404);
  });
}
