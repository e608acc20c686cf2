// Generators of messages and of almost-messages for the properties.

import fc from "fast-check";

const tokenCharacters = "!#$%&'*+-.^_`|~09AZaz";
export const token = fc.string({ unit: fc.constantFrom(...tokenCharacters), minLength: 1, maxLength: 12 });

/** Characters of a field value: all that may stand inside one. */
const valueCharacters = Array.from({ length: 256 }, (_, byte) => byte)
  .filter((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f))
  .map((byte) => String.fromCharCode(byte));
export const value = fc.string({ unit: fc.constantFrom(...valueCharacters), maxLength: 30 })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""));

/** Names that mean something to the codec are left out: they are chosen on purpose where wanted. */
const special =
  /^(host|connection|content-length|transfer-encoding|te|upgrade|keep-alive|proxy-.*|trailer|cookie|expect)$/i;
export const fieldLines = fc.array(
  fc.tuple(token.filter((name) => !special.test(name)), value),
  { maxLength: 8 },
);

export const target = fc.string({
  unit: fc.constantFrom(...valueCharacters.filter((text) => text > " ")),
  maxLength: 20,
}).map((text) => "/" + text);

export const extension = fc.option(
  fc.string({ unit: fc.constantFrom(...valueCharacters), maxLength: 10 }).map((text) => ";" + text),
  { nil: undefined },
);

/** Pieces of a body; none is empty. */
export const bodyPieces = fc.array(
  fc.record({ data: fc.uint8Array({ minLength: 1, maxLength: 40 }), extension }),
  { maxLength: 6 },
);

/** Where to cut. */
export const offsets = fc.array(fc.nat(400), { maxLength: 12 });

const requestLines = [
  "GET / HTTP/1.1\r\nHost: a\r\n",
  "POST /x HTTP/1.1\r\nHost: a\r\n",
  "\r\nPUT /x HTTP/1.1\r\nhost: a\r\n",
  "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n",
  "POST http://b/ HTTP/1.0\r\n",
  "OPTIONS * HTTP/1.1\nHost: a\n",
];

const statusLines = [
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 404\r\n",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
  "HTTP/1.1 103 x\r\n",
  "HTTP/1.1 101 x\r\n",
  "HTTP/1.0 200 x\r\n",
  "HTTP/1.1 204 x\r\n",
  "HTTP/1.1 200 OK\n",
];

const fieldFragments = [
  "Content-Length: 5\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Content-Length: 05, 5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: gzip, chunked\n",
  "Connection: close\r\n",
  "Connection: keep-alive, upgrade\r\nUpgrade: x\r\n",
  "x: y\r\n",
  "x: \xe9\r\n fold\r\n",
];

const bodyFragments = [
  "5\r\nhello\r\n",
  "5\r\nhello\r\n",
  "5;e=x\r\nhello\r\n",
  "1\na\n",
  "0\r\n\r\n",
  "0\r\n\r\n",
  "0;l\r\nt: u\r\nHost: b\r\n\r\n",
  "ffffffffffffffff\r\n",
  "hello",
  "hello",
];

const noise = fc.oneof(
  fc.constantFrom("\0", "\r", "\n", "\r\n", " ", "\t", ":", ";", ",", "\xff", "\x7f", "0"),
  fc.uint8Array({ maxLength: 3 }).map((bytes) => String.fromCharCode(...bytes)),
);

/** Messages put together from fragments that need not fit, with a few places overwritten. */
function nearly(starts: readonly string[]): fc.Arbitrary<string> {
  const message = fc.tuple(
    fc.constantFrom(...starts),
    fc.array(fc.constantFrom(...fieldFragments), { maxLength: 3 }),
    fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", ""),
    fc.array(fc.constantFrom(...bodyFragments), { maxLength: 4 }),
  ).map(([start, fields, end, body]) => start + fields.join("") + end + body.join(""));
  const change = fc.tuple(fc.nat(300), fc.nat(3), noise);
  return fc.tuple(
    fc.array(message, { minLength: 1, maxLength: 3 }),
    fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(change, { maxLength: 2 })),
  ).map(([messages, changes]) => {
    let text = messages.join("");
    for (const [at, drop, insert] of changes) text = text.slice(0, at) + insert + text.slice(at + drop);
    return text;
  });
}

export const nearlyRequests = nearly(requestLines);
export const nearlyResponses = nearly(statusLines);
