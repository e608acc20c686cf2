// The last line: questions and their answers, choices, and what is too long for one line.

import assert from "node:assert/strict";
import { LastLine } from "../../lib/console/last_line.ts";
import { plainText } from "../../lib/console/line.ts";
import type { Question } from "../../lib/console/view.ts";

const VIEW = { help: [{ keys: "q", what: "go back", short: "back" }, { keys: "x", what: "more" }] };

function makeLastLine() {
  let answered = 0;
  const last = new LastLine(() => {}, () => answered++);
  return {
    last,
    answered: () => answered,
    type: (...keys: string[]) => keys.forEach((key) => last.key(key)),
    lines: (columns = 60) => last.lines(columns, VIEW).map(plainText),
  };
}

Deno.test("last line: keys of the view while there is nothing else; what is said until it is read", () => {
  const { last, lines } = makeLastLine();
  assert.deepEqual(lines(), ["q back  ? all keys"]);
  assert.deepEqual(last.lines(60, { ...VIEW, takesText: true }).map(plainText), ["q back  "]);
  last.say("done\x07", "plain");
  assert.deepEqual(lines(), ["done\\x07"]);
  last.unsay();
  assert.deepEqual(lines(10), ["q back  ?…"]);
});

Deno.test("last line: a question gets the keys, says what changes, and ends with its answer", () => {
  const { last, lines, type } = makeLastLine();
  const told: string[] = [];
  last.ask({
    label: "name",
    initial: "an",
    change: (text) => told.push(text),
    submit: (text) => {
      told.push(`=${text}`);
      return null;
    },
  });
  assert.deepEqual([lines(), last.cursor(60), last.isAsking], [["name: an"], 8, true]);
  type("n", "left", "tab", "enter");
  assert.deepEqual(told, ["ann", "ann", "=ann"]);
  assert.deepEqual([last.cursor(60), last.isAsking, last.isBusy], [null, false, false]);
});

Deno.test("last line: an answer that is wrong is mended, or given up", () => {
  const { last, lines, type } = makeLastLine();
  let given = 0;
  const question: Question = {
    label: "number",
    submit: (text) => /^\d+$/.test(text) ? null : "no number",
    cancel: () => given++,
  };
  last.ask(question);
  type("x", "enter");
  assert.deepEqual(lines(), ["no number", "number: x"]);
  type("backspace");
  assert.deepEqual(lines(), ["number: "]);
  type("escape");
  assert.deepEqual([given, last.isAsking], [1, false]);
  last.ask(question);
  type("7", "enter");
  assert.deepEqual([given, last.isAsking], [1, false]);
});

Deno.test("last line: while an answer takes its time it is busy, and says when it is not any more", async () => {
  const { last, answered, type } = makeLastLine();
  const answer = Promise.withResolvers<string | null>();
  last.ask({ label: "file", submit: () => answer.promise });
  type("a", "enter");
  assert.deepEqual([last.isBusy, last.isAsking, answered()], [true, true, 0]);
  answer.resolve(null);
  await answer.promise;
  await Promise.resolve();
  assert.deepEqual([last.isBusy, last.isAsking, answered()], [false, false, 1]);
});

Deno.test("last line: an answer may lead to a choice, which is not taken away by its own end", () => {
  const { last, lines, type } = makeLastLine();
  const chosen: string[] = [];
  const choice = { label: "sure?", keys: [{ key: "y", what: "yes", chosen: () => chosen.push("y") }] };
  last.ask({
    label: "file",
    submit: () => {
      last.choose(choice);
      return null;
    },
  });
  type("enter");
  assert.deepEqual(lines(), ["sure?  y yes "]);
  type("x", "Y");
  assert.equal(last.isAsking, true);
  type("y");
  assert.deepEqual([chosen, last.isAsking], [["y"], false]);
});

Deno.test("last line: what is long is wrapped; of a long answer one sees where the cursor is", () => {
  const { last, lines, type } = makeLastLine();
  last.say("0123456789".repeat(9), "plain");
  assert.deepEqual(lines(20).map(({ length }) => length), [20, 20, 20, 20]);
  last.choose({
    label: "export:",
    keys: ["curl command", "raw request", "raw response"].map((what) => ({
      key: "c",
      what,
      chosen: () => {},
    })),
  });
  assert.deepEqual(lines(40), ["export:  c curl command  c raw request ", " c raw response "]);
  last.ask({ label: "a label that is too long", initial: "0123456789abcdef", submit: () => "no" });
  assert.deepEqual([lines(20), last.cursor(20)], [["a label…: 789abcdef"], 19]);
  type("enter");
  assert.equal(lines(20).length, 2);
});
