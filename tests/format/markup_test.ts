// HTML and XML as they are laid out, and that nothing but blanks is changed by it.

import assert from "node:assert/strict";
import fc from "fast-check";
import { indentMarkup } from "../../lib/format/markup.ts";
import { markupTokens } from "../../lib/format/markup_tokens.ts";

interface Row {
  name: string;
  xml?: true;
  source: string;
  lines: string[];
}

const rows: Row[] = [
  {
    name: "elements in elements",
    source: "<!DOCTYPE html><html><head><title>T</title><meta charset=utf-8></head><body></body></html>",
    lines: [
      "<!DOCTYPE html>",
      "<html>",
      "  <head>",
      "    <title>T</title>",
      "    <meta charset=utf-8>",
      "  </head>",
      "  <body></body>",
      "</html>",
    ],
  },
  {
    name: "what stands within a line of text stays there",
    source: "<p>One <b>two</b>\n   <a href='/x'>three</a>.</p>",
    lines: ["<p>One <b>two</b> <a href='/x'>three</a>.</p>"],
  },
  {
    name: "text beside elements",
    source: "<div>before<p>in</p>after</div>",
    lines: ["<div>", "  before", "  <p>in</p>", "  after", "</div>"],
  },
  {
    name: "end tags that are left out",
    source: "<table><tr><td>1<td>2<tr><td>3</table><p>a<p>b",
    lines: [
      "<table>",
      "  <tr>",
      "    <td>",
      "      1",
      "    <td>",
      "      2",
      "  <tr>",
      "    <td>",
      "      3",
      "</table>",
      "<p>",
      "  a",
      "<p>",
      "  b",
    ],
  },
  {
    name: "pre, script, style and textarea are not touched",
    source: "<div><pre class=x>\n  a\n    <b>b</b>\n</pre><SCRIPT>\nif (a<b) {\n  x = '<p>'\n}</SCRIPT >" +
      "<style>a{b:c}</style><textarea>\n\n t</textarea></div>",
    lines: [
      "<div>",
      "  <pre class=x>",
      "  a",
      "    <b>b</b>",
      "</pre>",
      "  <SCRIPT>",
      "if (a<b) {",
      "  x = '<p>'",
      "}</SCRIPT >",
      "  <style>a{b:c}</style>",
      "  <textarea>",
      "",
      " t</textarea>",
      "</div>",
    ],
  },
  {
    name: "a script that never ends",
    source: "<p><script>a\n<p>b",
    lines: ["<p>", "  <script>a", "<p>b"],
  },
  {
    name: "comments",
    source: "<p>a<!-- b\n  c --></p><!-- d",
    lines: ["<p>", "  a", "  <!-- b", "  c -->", "</p>", "<!-- d"],
  },
  {
    name: "a tag on several lines, quotes and > in it",
    source: "<div\n   a='>' b=it's\n   c=\"x\ny\">t</div>",
    lines: ["<div a='>' b=it's c=\"x y\">t</div>"],
  },
  {
    name: "what is no tag",
    source: "<p>a < b, <3, <></p><p",
    lines: ["<p>a < b, <3, <></p>", "<p"],
  },
  {
    name: "end tags that end nothing",
    source: "</div><p>a</p></p><ul><li>b</div></ul>",
    lines: ["</div>", "<p>a</p>", "</p>", "<ul>", "  <li>", "    b", "    </div>", "</ul>"],
  },
  {
    name: "an image within a page",
    source: '<svg><path d="M0"/><g/></svg><div/>text',
    lines: ["<svg>", '  <path d="M0"/>', "  <g/>", "</svg>", "<div/>", "  text"],
  },
  {
    name: "XML",
    xml: true,
    source: '<?xml version="1.0"?>\n<a xmlns="x">\n<B>1</B><b></b><c/>\n<d>two\nlines</d></a>\n',
    lines: [
      '<?xml version="1.0"?>',
      '<a xmlns="x">',
      "  <B>1</B>",
      "  <b></b>",
      "  <c/>",
      "  <d>",
      "    two",
      "    lines",
      "  </d>",
      "</a>",
    ],
  },
  {
    name: "XML: CDATA is not touched",
    xml: true,
    source: "<a><![CDATA[<b> ]]></a><c><![CDATA[\n  <d>\n]]></c>",
    lines: ["<a><![CDATA[<b> ]]></a>", "<c>", "  <![CDATA[", "  <d>", "]]>", "</c>"],
  },
  {
    name: "XML: a document type with declarations",
    xml: true,
    source: '<!DOCTYPE a [\n<!ENTITY b "c">\n]><a/>',
    lines: ["<!DOCTYPE a [", '<!ENTITY b "c">', "]>", "<a/>"],
  },
  {
    name: "XML: names differ by case",
    xml: true,
    source: "<a><A>x</a></A>",
    lines: ["<a>", "  <A>", "    x", "</a>", "</A>"],
  },
];

for (const { name, xml, source, lines } of rows) {
  Deno.test(`markup: ${name}`, () => assert.deepEqual(indentMarkup(source, xml !== true, 1000), lines));
}

const PIECES = [
  ...[
    "<",
    ">",
    "/",
    "=",
    "'",
    '"',
    "!",
    "?",
    "-",
    "[",
    "]",
    " ",
    "\n",
    "\r\n",
    "a",
    "B",
    "<a>",
    "</a>",
    "<p>",
    "<br>",
  ],
  ...[
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<pre>",
    "</pre>",
    "<script>",
    "</script>",
    "<b>",
    "</b>",
    "<li>",
    "<g/>",
    "<?",
  ],
];
const anyMarkup = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join(""));

Deno.test("markup: the tokens, one behind the other, are the source", () => {
  fc.assert(
    fc.property(anyMarkup, fc.boolean(), (source, html) => {
      let end = 0;
      for (const token of markupTokens(source, html)) {
        assert.equal(token.start, end);
        assert.ok(token.end > token.start);
        end = token.end;
      }
      assert.equal(end, source.length);
    }),
    { numRuns: 300 },
  );
});

Deno.test("markup: nothing but blanks is changed", () => {
  const property = fc.property(anyMarkup, fc.boolean(), (source, html) => {
    const lines = indentMarkup(source, html, Infinity);
    assert.equal(lines.join("\n").replace(/\s+/g, ""), source.replace(/\s+/g, ""));
  });
  fc.assert(property, { numRuns: 300 });
});

Deno.test("markup: deep, wide and broken documents take their time in proportion", () => {
  const sources = [
    "<div>".repeat(20_000),
    "<div>".repeat(10_000) + "</p></b></x>".repeat(6_000),
    "<a b='".repeat(16_000),
    "<!--".repeat(20_000),
    "<".repeat(100_000),
    "<script>".repeat(12_000),
    "</pre ".repeat(16_000),
  ];
  for (const source of sources) {
    for (const html of [true, false]) {
      const lines = indentMarkup(source, html, 70_000);
      assert.ok(lines.length <= 70_000);
      assert.ok(lines.every((line) => line.length <= source.length + 48));
    }
  }
});
