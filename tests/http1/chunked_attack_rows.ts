// Bodies that must be refused: chunks that two recipients could read differently, and bodies cut short
// (RFC 9112, 7.1 and 8).

import type { RequestRow } from "./request_rows.ts";

const chunkedHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunkedEvent = "#1 POST / HTTP/1.1 {Host: a | Transfer-Encoding: chunked} chunked";

function chunked(
  name: string,
  body: string,
  fault: string,
  before: string[] = [],
  rule = "RFC 9112, 7.1",
  isLenient = false,
): RequestRow {
  return {
    name,
    rule,
    bytes: chunkedHead + body,
    fault,
    before: [chunkedEvent, ...before],
    lenient: isLenient,
  };
}

export const bodyAttackRows: RequestRow[] = [
  chunked("size: empty", "\r\nx", "bad-chunk-size 400"),
  chunked("size: not hex", "g\r\nx", "bad-chunk-size 400"),
  chunked("size: 0x", "0x5\r\nhello\r\n", "bad-chunk-size 400"),
  chunked("size: plus", "+5\r\nhello\r\n", "bad-chunk-size 400"),
  chunked("size: minus", "-5\r\nhello\r\n", "bad-chunk-size 400"),
  chunked("size: blank before", " 5\r\nhello\r\n", "bad-chunk-size 400"),
  chunked("size: blank behind", "5 \r\nhello\r\n", "bad-chunk-size 400"),
  chunked("size: blank inside", "5 5\r\nhello\r\n", "bad-chunk-size 400"),
  chunked("size: a comma", "5,\r\nhello\r\n", "bad-chunk-size 400"),
  chunked("size: a high byte", "\xb5\r\nhello\r\n", "bad-chunk-size 400"),
  chunked("size: only an extension", ";a\r\nhello\r\n", "bad-chunk-size 400"),
  chunked("size: NUL", "5\0\r\nhello\r\n", "bad-chunk-size 400"),
  chunked("size: 2^53", "20000000000000\r\n", "chunk-size-overflow 400"),
  chunked("size: 2^64 + 5", "10000000000000005\r\n", "chunk-size-overflow 400"),
  chunked("size: all ones", "ffffffffffffffff\r\n", "chunk-size-overflow 400"),
  chunked("size: too many zeros", "00000000000000005\r\n", "chunk-size-overflow 400"),
  chunked("size: LF", "5\nhello\r\n", "bare-lf 400", [], "RFC 9112, 2.2"),
  chunked("size: CR only", "5\rhello\r\n", "bare-cr 400", [], "RFC 9112, 2.2"),
  chunked("size: two CR", "5\r\r\nhello\r\n", "bare-cr 400", [], "RFC 9112, 2.2"),
  chunked("lenient size: CR only", "5\rhello\r\n", "bare-cr 400", [], "RFC 9112, 2.2", true),
  chunked("extension: LF ends it", "5;a\nhello\r\n", "bare-lf 400", [], "RFC 9112, 7.1.1"),
  chunked("extension: CR in it", "5;a\rb\r\nhello\r\n", "bare-cr 400", [], "RFC 9112, 7.1.1"),
  chunked(
    "extension: control character",
    "5;a\x01\r\nhello\r\n",
    "bad-chunk-extension 400",
    [],
    "RFC 9112, 7.1.1",
  ),
  chunked("data: too long", "5\r\nhello!\r\n", "missing-crlf-after-chunk 400", ['#1 body "hello"']),
  chunked("data: LF behind it", "5\r\nhello\n0\r\n\r\n", "bare-lf 400", ['#1 body "hello"']),
  chunked("data: CR only", "5\r\nhello\r0\r\n\r\n", "missing-crlf-after-chunk 400", ['#1 body "hello"']),
  chunked("data: nothing behind it", "5\r\nhello0\r\n\r\n", "missing-crlf-after-chunk 400", [
    '#1 body "hello"',
  ]),
  chunked("trailers: no colon", "0\r\nabc\r\n\r\n", "missing-colon 400", [], "RFC 9112, 7.1.2"),
  chunked(
    "trailers: a request",
    "0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "missing-colon 400",
    [],
    "RFC 9112, 7.1.2",
  ),
  chunked("trailers: LF", "0\r\n\n", "bare-lf 400", [], "RFC 9112, 7.1.2"),
  chunked("trailers: CR", "0\r\n\rx", "bare-cr 400", [], "RFC 9112, 7.1.2"),
  chunked(
    "trailers: blank first",
    "0\r\n a: b\r\n\r\n",
    "blank-before-first-field 400",
    [],
    "RFC 9112, 7.1.2",
  ),
  chunked("trailers: fold", "0\r\na: b\r\n c\r\n\r\n", "obs-fold 400", [], "RFC 9112, 7.1.2"),
  chunked("trailers: NUL", "0\r\na: \0\r\n\r\n", "nul-byte 400", [], "RFC 9112, 7.1.2"),
  {
    ...chunked("the end inside a chunk", "5\r\nhel", "truncated 400", ['#1 body "hel"'], "RFC 9112, 8"),
    end: true,
  },
  { ...chunked("the end inside a size", "5", "truncated 400", [], "RFC 9112, 8"), end: true },
  {
    ...chunked(
      "the end before the last chunk",
      "1\r\nx\r\n",
      "truncated 400",
      ['#1 body "x"'],
      "RFC 9112, 8",
    ),
    end: true,
  },
  {
    ...chunked("the end inside the trailers", "0\r\na: b\r\n", "truncated 400", [], "RFC 9112, 8"),
    end: true,
  },
  {
    name: "the end inside a body of known length",
    rule: "RFC 9112, 8",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel",
    before: ["#1 POST / HTTP/1.1 {Host: a | Content-Length: 5} length 5", '#1 body "hel"'],
    end: true,
    fault: "truncated 400",
  },
];
