// Sec-WebSocket-Extensions: what is one, and what a server agrees to with it (RFC 6455, 9.1; RFC 7692, 7.1).

export interface ParseRow {
  name: string;
  value: string;
  /** As `a; b; c=d` with names in lower case and values unquoted, "," between; null when it is not one. */
  extensions: string | null;
}

export const parseRows: readonly ParseRow[] = [
  { name: "nothing", value: "", extensions: "" },
  { name: "a name", value: "foo", extensions: "foo" },
  {
    name: "names in lower case",
    value: "Permessage-DEFLATE; Client_Max_Window_Bits=8",
    extensions: "permessage-deflate; client_max_window_bits=8",
  },
  { name: "values as they came", value: "foo; a=BaR", extensions: "foo; a=BaR" },
  { name: "parameters", value: "foo; a; b=c; a", extensions: "foo; a; b=c; a" },
  { name: "several", value: "foo, bar; baz=2, foo", extensions: "foo, bar; baz=2, foo" },
  { name: "blanks everywhere", value: " \tfoo\t ;\t a \t= \t1 , bar ;b\t", extensions: "foo; a=1, bar; b" },
  { name: "no blanks at all", value: "foo;a=1,bar;b", extensions: "foo; a=1, bar; b" },
  { name: "empty elements of the list", value: ", ,foo,,bar,", extensions: "foo, bar" },
  { name: "nothing but empty elements", value: " , ,\t,", extensions: "" },
  { name: "a quoted value", value: 'foo; a="10"', extensions: "foo; a=10" },
  { name: "a quoted value with escapes", value: 'foo; a="1\\0"', extensions: "foo; a=10" },
  {
    name: "every token character",
    value: "!#$%&'*+-.^_`|~0aZ; !#$%&'*+-.^_`|~=!#$%&'*+-.^_`|~",
    extensions: "!#$%&'*+-.^_`|~0az; !#$%&'*+-.^_`|~=!#$%&'*+-.^_`|~",
  },
  { name: "an escaped letter", value: 'foo; a="\\x\\y"; b', extensions: "foo; a=xy; b" },
  { name: "a quoted comma, which is no token", value: 'foo; a="b,c"', extensions: null },
  { name: "a quoted semicolon", value: 'foo; a="b;c"', extensions: null },
  { name: "a quoted blank", value: 'foo; a="b c"', extensions: null },
  { name: "a quoted quote", value: 'foo; a="b\\"c"', extensions: null },
  { name: "a quoted backslash", value: 'foo; a="b\\\\"', extensions: null },
  { name: "nothing quoted", value: 'foo; a=""', extensions: null },
  { name: "a quote that does not end", value: 'foo; a="10', extensions: null },
  { name: "a quote that ends with an escape", value: 'foo; a="10\\"', extensions: null },
  { name: "a quote that only ends", value: 'foo; a=10"', extensions: null },
  { name: "a quote alone", value: 'foo; a="', extensions: null },
  { name: "more behind a quote", value: 'foo; a="1"0', extensions: null },
  { name: "two quotes", value: 'foo; a="1""0"', extensions: null },
  { name: "a quoted name", value: '"foo"', extensions: null },
  { name: "a quoted parameter", value: 'foo; "a"=b', extensions: null },
  { name: "a value that is missing", value: "foo; a=", extensions: null },
  { name: "a value without a name", value: "foo; =b", extensions: null },
  { name: "two equals signs", value: "foo; a=b=c", extensions: null },
  { name: "a parameter that is missing", value: "foo;", extensions: null },
  { name: "a parameter missing between others", value: "foo; a;; b", extensions: null },
  { name: "parameters of nothing", value: "; a=b", extensions: null },
  { name: "a value on the extension itself", value: "foo=1", extensions: null },
  { name: "a blank in a name", value: "foo bar", extensions: null },
  { name: "a blank in a parameter", value: "foo; a b", extensions: null },
  { name: "a blank in a value", value: "foo; a=b c", extensions: null },
  { name: "a control character", value: "foo\x00", extensions: null },
  { name: "a character that is not ASCII", value: "foo; a=\xe9", extensions: null },
  { name: "a separator", value: "foo/bar", extensions: null },
  { name: "wrong behind right ones", value: "foo; a=b, bar; =", extensions: null },
];

export interface AgreementRow {
  name: string;
  rule: string;
  /** The field's lines. */
  lines: readonly string[];
  /** Window bits, and whether the window is forgotten, of client and server; or "none", or "unknown" and what. */
  agreement: string;
}

const PMD = "permessage-deflate";

function agreed(lines: string | string[], agreement: string, name = ""): AgreementRow {
  const list = typeof lines === "string" ? [lines] : lines;
  return { name: name === "" ? list.join(" | ") : name, rule: "RFC 7692, 7.1", lines: list, agreement };
}

const bits = [8, 9, 10, 11, 12, 13, 14, 15];
const unknownDeflate = `unknown ${PMD}`;

export const agreementRows: readonly AgreementRow[] = [
  agreed([], "none", "no field"),
  agreed([""], "none", "an empty field"),
  agreed(["", " , "], "none", "empty fields"),
  agreed(PMD, "client 15, server 15"),
  agreed("Permessage-Deflate", "client 15, server 15"),
  agreed(`${PMD}; client_no_context_takeover`, "client 15 forgets, server 15"),
  agreed(`${PMD}; server_no_context_takeover`, "client 15, server 15 forgets"),
  agreed(
    `${PMD}; server_no_context_takeover; client_no_context_takeover`,
    "client 15 forgets, server 15 forgets",
  ),
  ...bits.map((number) => agreed(`${PMD}; client_max_window_bits=${number}`, `client ${number}, server 15`)),
  ...bits.map((number) => agreed(`${PMD}; server_max_window_bits=${number}`, `client 15, server ${number}`)),
  agreed(
    `${PMD}; server_max_window_bits=9; client_max_window_bits="10"; client_no_context_takeover; server_no_context_takeover`,
    "client 10 forgets, server 9 forgets",
    "all four",
  ),
  agreed(`${PMD};CLIENT_MAX_WINDOW_BITS=12`, "client 12, server 15"),
  agreed([PMD, ""], "client 15, server 15", "a second line that says nothing"),
  agreed(["", `${PMD}; server_max_window_bits=8,`], "client 15, server 8", "a first line that says nothing"),
  ...[
    "7",
    "16",
    "0",
    "1",
    "08",
    "015",
    "010",
    "1e1",
    "0x8",
    "8.0",
    "+8",
    "-8",
    "80",
    "150",
    "9999999999",
    "true",
  ].flatMap((value) => [
    agreed(`${PMD}; client_max_window_bits=${value}`, unknownDeflate),
    agreed(`${PMD}; server_max_window_bits=${value}`, unknownDeflate),
  ]),
  agreed(
    `${PMD}; client_max_window_bits`,
    unknownDeflate,
    "bits without a number, which only an offer may have",
  ),
  agreed(`${PMD}; server_max_window_bits`, unknownDeflate),
  agreed(`${PMD}; client_no_context_takeover=1`, unknownDeflate),
  agreed(`${PMD}; server_no_context_takeover=true`, unknownDeflate),
  ...["client_no_context_takeover", "server_no_context_takeover"].map((name) =>
    agreed(`${PMD}; ${name}; ${name}`, unknownDeflate)
  ),
  ...["client_max_window_bits", "server_max_window_bits"].map((name) =>
    agreed(`${PMD}; ${name}=10; ${name}=10`, unknownDeflate)
  ),
  agreed(`${PMD}; client_max_window_bits=10; Client_Max_Window_Bits=10`, unknownDeflate),
  agreed(`${PMD}; foo`, unknownDeflate),
  agreed(`${PMD}; server_no_context_takeover; foo=1`, unknownDeflate),
  agreed(`${PMD}, ${PMD}`, unknownDeflate),
  agreed([PMD, PMD], unknownDeflate, "twice, in two lines"),
  agreed(`${PMD}, foo`, "unknown foo"),
  agreed(`foo, ${PMD}`, "unknown foo"),
  agreed([PMD, "bar; a=b"], "unknown bar", "another one in a second line"),
  agreed("x-webkit-deflate-frame", "unknown x-webkit-deflate-frame"),
  agreed("Foo; bar", "unknown foo"),
  agreed("permessage-bzip2", "unknown permessage-bzip2"),
  agreed(`${PMD};`, `unknown ${PMD};`),
  agreed(`${PMD}; client_max_window_bits=`, `unknown ${PMD}; client_max_window_bits=`),
  agreed([PMD, "="], `unknown ${PMD}, =`, "a second line that is no extension"),
  agreed(`${PMD}=1`, `unknown ${PMD}=1`),
];
