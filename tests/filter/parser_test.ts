// The grammar of the filter language: trees, errors with the character they point at, and bounds.

import assert from "node:assert/strict";
import { FilterError } from "../../lib/filter/filter_error.ts";
import { filters } from "../../lib/filter/filters_table.ts";
import { DEPTH_LIMIT, parseFilter, TEXT_LIMIT } from "../../lib/filter/parser.ts";
import { treeOf } from "./trees.ts";

const rows: [name: string, text: string, tree: string][] = [
  ["a plain filter", "~q", "~q"],
  ["a plain filter with a longer name", "~websocket", "~websocket"],
  ["a name that begins like another", "~bq x", "(~bq 'x')"],
  ["a regular expression", "~m GET", "(~m 'GET')"],
  ["a number", "~c 404", "(~c 404)"],
  ["a naked regular expression is a URL", "example.com/a?b=c", "(~u 'example.com/a?b=c')"],
  ["blanks around", "\t ~q\n ", "~q"],
  ["blanks of any kind", "~m\u00a0\u3000GET", "(~m 'GET')"],

  ["not", "!~q", "(not ~q)"],
  ["not, apart", "! ~q", "(not ~q)"],
  ["not, twice", "!!~q", "(not (not ~q))"],
  ["not of a naked one", "!foo", "(not (~u 'foo'))"],
  ["and", "~q & ~e", "(and ~q ~e)"],
  ["or", "~q | ~e", "(or ~q ~e)"],
  ["side by side is and", "~q ~e", "(and ~q ~e)"],
  ["both ands together", "~q ~e & ~a ~s", "(and ~q ~e ~a ~s)"],
  ["naked ones side by side", "foo bar", "(and (~u 'foo') (~u 'bar'))"],
  ["an argument, then a naked one", "~m GET foo", "(and (~m 'GET') (~u 'foo'))"],
  ["not before a second one", "~q !~e", "(and ~q (not ~e))"],

  ["and binds more than or", "~q | ~e & ~a", "(or ~q (and ~e ~a))"],
  ["and binds more than or, the other way", "~q & ~e | ~a", "(or (and ~q ~e) ~a)"],
  ["side by side binds as and does", "~q | ~e ~a | ~s", "(or ~q (and ~e ~a) ~s)"],
  ["not binds most", "!~q & ~e | !~a ~s", "(or (and (not ~q) ~e) (and (not ~a) ~s))"],
  ["not takes the argument along", "!~m GET ~q", "(and (not (~m 'GET')) ~q)"],
  ["parentheses", "(~q | ~e) & ~a", "(and (or ~q ~e) ~a)"],
  ["parentheses side by side", "(~q)(~e)", "(and ~q ~e)"],
  ["parentheses that change nothing", "((~q))", "~q"],
  ["not of parentheses", "!(~q ~e)", "(not (and ~q ~e))"],
  ["nested", "(~q & (~e | !(~a | ~s)))", "(and ~q (or ~e (not (or ~a ~s))))"],
  ["groups stay what they are", "~q & (~e & ~a)", "(and ~q (and ~e ~a))"],
  ["a parenthesis ends a word", "(~m GET)~q", "(and (~m 'GET') ~q)"],
  ["a parenthesis begins one", "foo(~q)", "(and (~u 'foo') ~q)"],

  ["operators close to names", "~q&~e|~a", "(or (and ~q ~e) ~a)"],
  ["operators within a word are its own", "a=1&b=2|c!d", "(~u 'a=1&b=2|c!d')"],
  ["operators at the end of a word are not", "~m GET&~q", "(and (~m 'GET') ~q)"],
  ["nor with a blank behind them", "a| b", "(or (~u 'a') (~u 'b'))"],
  ["nor before a parenthesis", "a|(b)", "(or (~u 'a') (~u 'b'))"],
  ["escaped ones are", "a\\|", "(~u 'a\\|')"],
  ["after an escaped backslash they are not", "a\\\\| b", "(or (~u 'a\\\\') (~u 'b'))"],
  [
    "operators where a word begins",
    "a &b |c !d",
    "(or (and (~u 'a') (~u 'b')) (and (~u 'c') (not (~u 'd'))))",
  ],
  ["a name ends a word", "foo~q", "(and (~u 'foo') ~q)"],

  ["double quotes", '~b "a b"', "(~b 'a b')"],
  ["single quotes", "~b 'a b'", "(~b 'a b')"],
  ["a naked one in quotes", '"a (b) ~q"', "(~u 'a (b) ~q')"],
  ["operators in quotes", '"!a&" | "|"', "(or (~u '!a&') (~u '|'))"],
  ["close to a name", '~b"a"~q', "(and (~b 'a') ~q)"],
  ["the other quote", `"it's"`, "(~u 'it's')"],
  ["an escaped quote", '"a\\"b"', "(~u 'a\"b')"],
  ["an escaped quote of the other kind", `'a\\"b\\'c'`, "(~u 'a\"b'c')"],
  ["an escaped backslash", '"\\\\d"', "(~u '\\d')"],
  ["an escape of the regular expression", '"\\d\\."', "(~u '\\d\\.')"],
  ["an escaped backslash before the end", '"a\\\\\\\\"', "(~u 'a\\\\')"],
  ["a line end in quotes", '"a\nb"', "(~u 'a\nb')"],
  ["nothing in quotes", '~b ""', "(~b '')"],
  ["a name in quotes is none", '"~q"', "(~u '~q')"],
  ["a number in quotes", "~c '200'", "(~c 200)"],
  ["characters beyond ASCII", "~b żółw 😀", "(and (~b 'żółw') (~u '😀'))"],
];
for (const [name, text, tree] of rows) {
  Deno.test(`filter: ${name}: ${JSON.stringify(text)}`, () => assert.equal(treeOf(text), tree));
}

for (const { name, argument } of filters) {
  Deno.test(`filter: ${name} takes what its entry says`, () => {
    const given = { none: ["", ""], number: [" 204", " 204"], regex: [" x+", " 'x+'"] }[argument];
    assert.equal(treeOf(name + given[0]), argument === "none" ? name : `(${name}${given[1]})`);
  });
}

Deno.test("filter: every filter of the language is there, once, with a line of help", () => {
  const names = filters.map(({ name }) => name);
  const expected =
    "~a ~all ~b ~bq ~bs ~c ~d ~dst ~e ~h ~hq ~hs ~http ~m ~marked ~q ~replay ~s ~src ~t ~tcp ~tq ~ts ~u ~websocket";
  assert.equal(names.toSorted().join(" "), expected);
  for (const { help } of filters) assert.match(help, /^\S.{2,70}$/);
});

const names = filters.map(({ name }) => name).join(" ");
const needed = 'where a filter is needed: a name such as ~d, a regular expression for the URL, "!" or "("';

const errors: [name: string, text: string, at: number, message: string][] = [
  ["no text", "", 0, `Found the end ${needed}`],
  ["blanks only", "  ", 2, `Found the end ${needed}`],
  ["an unknown filter", "~q ~foo", 3, `Found "~foo", and the filters are ${names}`],
  ["what no record can tell", "~replayq", 0, `Found "~replayq", and the filters are ${names}`],
  ["a name in capitals", "~Q", 0, `Found "~Q", and the filters are ${names}`],
  ["a name that goes on", "~c200", 0, `Found "~c200", and the filters are ${names}`],
  ["no name", "~ q", 0, `Found "~", and the filters are ${names}`],
  [
    "an unknown filter in a URL",
    "host/~foo",
    5,
    `Found "~foo", and the filters are ${names} (a regular expression with ~ in it needs quotes)`,
  ],
  ["a very long name", "~" + "x".repeat(99), 0, `Found "~${"x".repeat(39)}…", and the filters are ${names}`],
  ["no argument at the end", "~q ~d", 5, "Found the end, and ~d needs a regular expression"],
  [
    "no argument before an operator",
    "~d & ~q",
    3,
    'Found "&", and ~d needs a regular expression; one that begins like this needs quotes',
  ],
  [
    "no argument before a name",
    "~d ~q",
    3,
    'Found "~q", and ~d needs a regular expression; one that begins like this needs quotes',
  ],
  [
    "no argument before a parenthesis",
    "(~d)",
    3,
    'Found ")", and ~d needs a regular expression; one that begins like this needs quotes',
  ],
  ["no number", "~c", 2, "Found the end, and ~c needs a number of one to three digits, such as 404"],
  ["a bad number", "~c 4xx", 3, 'Found "4xx", and ~c needs a number of one to three digits, such as 404'],
  [
    "a number that is no status",
    "~c 1000",
    3,
    'Found "1000", and ~c needs a number of one to three digits, such as 404',
  ],
  ["a negative number", "~c -1", 3, 'Found "-1", and ~c needs a number of one to three digits, such as 404'],
  ["numbers", "~c 200|201", 3, 'Found "200|201", and ~c needs a number of one to three digits, such as 404'],
  ["a number is a name", "~c ~q", 3, 'Found "~q", and ~c needs a number of one to three digits, such as 404'],
  [
    "a bad regular expression",
    "~q ~d [z-a]",
    6,
    'Found "[z-a]", which is no regular expression: range out of order in character class',
  ],
  ["a bad naked one", "*.js", 0, 'Found "*.js", which is no regular expression: nothing to repeat'],
  [
    "one that was cut in two",
    "a/(?:b|c)",
    3,
    'Found "?:b|c", which is no regular expression: nothing to repeat (a regular expression with parentheses in it needs quotes)',
  ],
  ["a bad quoted one", "~b '(a'", 3, 'Found "(a", which is no regular expression: unterminated group'],
  ["a parenthesis that is not closed", "~q & (~e | ~a", 5, 'Found the end where a ")" must close this "("'],
  ["the inner one", "((~q) ~e", 0, 'Found the end where a ")" must close this "("'],
  [
    "a parenthesis that closes nothing",
    "~q) ~e",
    2,
    'Found ")" without a "(" before it: an operator, a filter or the end may stand here',
  ],
  ["one at the start", ")", 0, `Found ")" ${needed}`],
  ["nothing in parentheses", "~q & ()", 6, `Found ")" ${needed}`],
  ["an operator at the start", "& ~q", 0, `Found "&" ${needed}`],
  ["two operators", "~q | & ~e", 5, `Found "&" ${needed}`],
  ["two of the same", "~q || ~e", 4, `Found "|" ${needed}`],
  ["an operator after not", "! | ~q", 2, `Found "|" ${needed}`],
  ["an operator in parentheses", "(| ~q)", 1, `Found "|" ${needed}`],
  ["an operator before a parenthesis", "(~q &)", 5, `Found ")" ${needed}`],
  ["the end after an operator", "~q & ", 5, `Found the end ${needed}`],
  ["the end after a word with an operator", "foo|", 4, `Found the end ${needed}`],
  ["the end after not", "~q !", 4, `Found the end ${needed}`],
  ["the end after a parenthesis", "~q & (", 6, `Found the end ${needed}`],
  [
    "a quote without an end",
    '~q & "a b',
    5,
    'Found the end where another " must close what begins here',
  ],
  [
    "a single quote without an end",
    "~b 'a\\'",
    3,
    "Found the end where another ' must close what begins here",
  ],
  [
    "an apostrophe",
    "it's",
    2,
    "Found the end where another ' must close what begins here",
  ],
  [
    "a quote after a number's name",
    "~c 'a",
    3,
    `Found the end where another ' must close what begins here`,
  ],
  ["the first of two mistakes", '~foo "a', 0, `Found "~foo", and the filters are ${names}`],
  [
    "what must not be shown",
    "~c \x1b[2J\u202e",
    3,
    'Found "\ufffd[2J\ufffd", and ~c needs a number of one to three digits, such as 404',
  ],
];
for (const [name, text, at, message] of errors) {
  Deno.test(`filter error: ${name}: ${JSON.stringify(text.slice(0, 30))}`, () => {
    const error = parseFilter(text);
    assert.ok(error instanceof FilterError);
    assert.deepEqual({ at: error.at, message: error.message }, { at, message });
  });
}

const deep: [name: string, text: (depth: number) => string][] = [
  ["parentheses", (depth) => "(".repeat(depth) + "~q" + ")".repeat(depth)],
  ["parentheses that are not closed", (depth) => "(".repeat(depth) + "~q"],
  ["nots", (depth) => "!".repeat(depth) + "~q"],
  ["both", (depth) => "!(".repeat(depth / 2) + "~q" + ")".repeat(depth / 2)],
];
for (const [name, text] of deep) {
  Deno.test(`filter limit: depth: ${name}`, () => {
    const within = parseFilter(text(DEPTH_LIMIT));
    assert.ok(!(within instanceof FilterError) || within.at !== DEPTH_LIMIT);
    for (const depth of [DEPTH_LIMIT + 2, 2000]) {
      const error = parseFilter(text(depth));
      assert.ok(error instanceof FilterError);
      assert.equal(error.at, DEPTH_LIMIT);
      assert.match(error.message, /^Found more than 100 "\(" and "!" within each other/);
    }
  });
}

Deno.test("filter limit: parentheses side by side are not deep", () => {
  assert.ok(!(parseFilter("(~q)".repeat(DEPTH_LIMIT * 3)) instanceof FilterError));
});

Deno.test("filter limit: length", () => {
  assert.ok(!(parseFilter("x".repeat(TEXT_LIMIT)) instanceof FilterError));
  const error = parseFilter("x".repeat(TEXT_LIMIT + 1));
  assert.ok(error instanceof FilterError);
  assert.deepEqual({ at: error.at, message: error.message }, {
    at: TEXT_LIMIT,
    message: "Found 4097 characters, and a filter may have 4096",
  });
});
