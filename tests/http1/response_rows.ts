// Responses as bytes, with what they answer: right ones, forgiven ones, and refused ones.

export interface ResponseRow {
  name: string;
  rule: string;
  /** Each character one byte. */
  bytes: string;
  /** The request's method; GET when not said. */
  method?: string;
  /** What the request asked for by Upgrade. */
  protocol?: string;
  lenient?: boolean;
  /** The server ends after these bytes. */
  end?: boolean;
  events: string[];
}

const ok = "HTTP/1.1 200 OK\r\n";
const chunkedEvent = "#1 HTTP/1.1 200 OK {Transfer-Encoding: chunked} chunked";

function refused(
  name: string,
  bytes: string,
  fault: string,
  rule: string,
  before: string[] = [],
): ResponseRow {
  return { name, rule, bytes, events: [...before, `#1 reset ${fault} 502`] };
}

function fields(name: string, lines: string, fault: string, rule = "RFC 9112, 6.3"): ResponseRow {
  return refused(name, `${ok}${lines}\r\n\r\n0\r\n\r\n`, fault, rule);
}

function chunked(name: string, body: string, fault: string, before: string[] = []): ResponseRow {
  const bytes = `${ok}Transfer-Encoding: chunked\r\n\r\n${body}`;
  return refused(name, bytes, fault, "RFC 9112, 7.1", [chunkedEvent, ...before]);
}

export const responseRows: ResponseRow[] = [
  {
    name: "length",
    rule: "RFC 9112, 6.3",
    bytes: `${ok}Content-Length: 5\r\n\r\nhello`,
    events: ["#1 HTTP/1.1 200 OK {Content-Length: 5} length 5", '#1 body "hello"', "#1 end"],
  },
  {
    name: "no reason phrase",
    rule: "RFC 9112, 4",
    bytes: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
    events: ["#1 HTTP/1.1 200  {Content-Length: 0} length 0 end"],
  },
  {
    name: "no reason phrase and no space",
    rule: "RFC 9112, 4",
    bytes: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    events: ["#1 HTTP/1.1 200  {Content-Length: 0} length 0 end"],
  },
  {
    name: "a reason phrase of any bytes",
    rule: "RFC 9112, 4",
    bytes: "HTTP/1.1 404  \xe9\t(a:b) \r\nContent-Length: 0\r\n\r\n",
    events: ["#1 HTTP/1.1 404  \xe9\t(a:b)  {Content-Length: 0} length 0 end"],
  },
  {
    name: "a status beyond 599",
    rule: "RFC 9110, 15",
    bytes: "HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n",
    events: ["#1 HTTP/1.1 999 No {Content-Length: 0} length 0 end"],
  },
  {
    name: "until the close",
    rule: "RFC 9112, 6.3",
    bytes: `${ok}x: y\r\n\r\nhello\r\n\0`,
    end: true,
    events: ["#1 HTTP/1.1 200 OK {x: y} close", '#1 body "hello\\r\\n\\u0000"', "#1 end", "ended"],
  },
  {
    name: "until the close, empty",
    rule: "RFC 9112, 6.3",
    bytes: "HTTP/1.0 200 OK\r\n\r\n",
    end: true,
    events: ["#1 HTTP/1.0 200 OK {} close", "#1 end", "ended"],
  },
  {
    name: "chunked with extensions and trailers",
    rule: "RFC 9112, 7.1",
    bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n2\r\nde\r\n0\r\nx: y\r\n\r\n`,
    events: [chunkedEvent, "#1 extension ;a", '#1 body "abcde"', "#1 trailers {x: y}"],
  },
  {
    name: "HEAD has no body, whatever the fields say",
    rule: "RFC 9112, 6.3",
    method: "HEAD",
    bytes: `${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
    events: ["#1 HTTP/1.1 200 OK {Content-Length: 5 | Transfer-Encoding: chunked} none end"],
  },
  {
    name: "304 has no body",
    rule: "RFC 9112, 6.3",
    bytes: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    events: ["#1 HTTP/1.1 304 Not Modified {Content-Length: 5} none end"],
  },
  {
    name: "204 has no body",
    rule: "RFC 9112, 6.3",
    bytes: "HTTP/1.1 204 No Content\r\n\r\n",
    events: ["#1 HTTP/1.1 204 No Content {} none end"],
  },
  {
    name: "a length in 204 is forgiven",
    rule: "RFC 9110, 8.6",
    bytes: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    events: ["note content-length-without-body", "#1 HTTP/1.1 204 No Content {Content-Length: 5} none end"],
  },
  {
    name: "interim responses come before the final one",
    rule: "RFC 9110, 15.2",
    bytes: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" +
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\n" +
      "HTTP/1.1 204 No Content\r\n\r\n",
    events: [
      "#1 HTTP/1.1 100 Continue {} none",
      "#1 HTTP/1.1 102 Processing {} none",
      "#1 HTTP/1.1 103 Early Hints {Link: </a>} none",
      "note content-length-without-body",
      "#1 HTTP/1.1 103 Early Hints {Content-Length: 3} none",
      "#1 HTTP/1.1 204 No Content {} none end",
    ],
  },
  {
    name: "2xx to CONNECT opens a tunnel",
    rule: "RFC 9110, 9.3.6",
    method: "CONNECT",
    bytes: "HTTP/1.1 200 Connected\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nraw",
    events: ["#1 HTTP/1.1 200 Connected {Content-Length: 5 | Transfer-Encoding: chunked} none"],
  },
  {
    name: "anything else to CONNECT is a response",
    rule: "RFC 9110, 9.3.6",
    method: "CONNECT",
    bytes: "HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno",
    events: ["#1 HTTP/1.1 407 No {Content-Length: 2} length 2", '#1 body "no"', "#1 end"],
  },
  {
    name: "101 switches",
    rule: "RFC 9110, 15.2.2",
    protocol: "echo",
    bytes: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nraw",
    events: ["#1 HTTP/1.1 101 Switching Protocols {Connection: Upgrade | Upgrade: echo} none"],
  },
  {
    name: "lenient: bare LF and obs-fold",
    rule: "RFC 9112, 2.2 and 5.2",
    lenient: true,
    bytes: "HTTP/1.1 200 OK\nx: 1\n 2\nContent-Length: 1\n\nx",
    events: [
      "note bare-lf",
      "note obs-fold",
      "#1 HTTP/1.1 200 OK {x: 1 2 | Content-Length: 1} length 1",
      '#1 body "x"',
      "#1 end",
    ],
  },
  {
    name: "lenient: notes are said anew for each message",
    rule: "RFC 9112, 2.2",
    lenient: true,
    bytes: "HTTP/1.1 100 a\n\nHTTP/1.1 204 b\n\n",
    events: [
      "note bare-lf",
      "#1 HTTP/1.1 100 a {} none",
      "note bare-lf",
      "#1 HTTP/1.1 204 b {} none end",
    ],
  },

  { ...refused("no response", "", "no-response", "RFC 9112, 9.5"), end: true },
  { ...refused("the end inside a head", `${ok}x: y\r\n`, "truncated", "RFC 9112, 8"), end: true },
  {
    ...refused(
      "the end after an interim response",
      "HTTP/1.1 100 Continue\r\n\r\n",
      "no-response",
      "RFC 9112, 9.5",
      [
        "#1 HTTP/1.1 100 Continue {} none",
      ],
    ),
    end: true,
  },
  {
    ...refused("the end inside a body", `${ok}Content-Length: 5\r\n\r\nhel`, "truncated", "RFC 9112, 8", [
      "#1 HTTP/1.1 200 OK {Content-Length: 5} length 5",
      '#1 body "hel"',
    ]),
    end: true,
  },
  { ...chunked("the end inside a chunk", "5\r\nhel", "truncated", ['#1 body "hel"']), end: true },
  { ...chunked("the end before the last chunk", "3\r\nhel\r\n", "truncated", ['#1 body "hel"']), end: true },
  { ...chunked("the end before the last line end", "0\r\n", "truncated"), end: true },

  refused("garbage", "SSH-2.0-x\r\n\r\n", "bad-status-line", "RFC 9112, 4"),
  refused("an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", "bad-status-line", "RFC 9112, 4"),
  refused("ICY", "ICY 200 OK\r\n\r\n", "bad-version", "RFC 9112, 2.3"),
  refused("HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", "unsupported-version", "RFC 9112, 2.3"),
  refused("status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "bad-status-line", "RFC 9112, 4"),
  refused("status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "bad-status-line", "RFC 9112, 4"),
  refused("status below 100", "HTTP/1.1 099 OK\r\n\r\n", "bad-status-line", "RFC 9110, 15"),
  refused("status with a letter", "HTTP/1.1 2x0 OK\r\n\r\n", "bad-status-line", "RFC 9112, 4"),
  refused("two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n", "bad-status-line", "RFC 9112, 4"),
  refused("tab after the version", "HTTP/1.1\t200 OK\r\n\r\n", "bad-version", "RFC 9112, 4"),
  refused("no status", "HTTP/1.1\r\n\r\n", "bad-status-line", "RFC 9112, 4"),
  refused("bare LF", "HTTP/1.1 200 OK\n\n", "bare-lf", "RFC 9112, 2.2"),
  refused("bare CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n", "bare-cr", "RFC 9112, 2.2"),
  refused("NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n", "nul-byte", "RFC 9110, 5.5"),
  refused("obs-fold", `${ok}x: y\r\n z\r\n\r\n`, "obs-fold", "RFC 9112, 5.2"),
  refused("blank before the colon", `${ok}x : y\r\n\r\n`, "blank-before-colon", "RFC 9112, 5.1"),
  fields("TE and length", "Transfer-Encoding: chunked\r\nContent-Length: 5", "te-and-content-length"),
  fields("length and TE", "Content-Length: 5\r\nTransfer-Encoding: chunked", "te-and-content-length"),
  fields("TE without chunked", "Transfer-Encoding: gzip", "chunked-not-last"),
  fields("TE identity", "Transfer-Encoding: identity", "unknown-transfer-coding", "RFC 9112, 6.1"),
  fields("TE with a parameter", "Transfer-Encoding: chunked;a=b", "bad-transfer-encoding", "RFC 9112, 6.1"),
  fields(
    "TE over two lines",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "repeated-transfer-encoding",
  ),
  fields("equal lengths", "Content-Length: 5\r\nContent-Length: 5", "repeated-content-length"),
  fields("a list of lengths", "Content-Length: 5, 5", "bad-content-length"),
  fields("a length with a sign", "Content-Length: +5", "bad-content-length"),
  refused(
    "TE in HTTP/1.0",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "te-in-http-1.0",
    "RFC 9112, 6.1",
  ),
  refused(
    "TE in 204",
    "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
    "te-without-body",
    "RFC 9112, 6.1",
  ),
  refused(
    "TE in 103",
    "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n",
    "te-without-body",
    "RFC 9112, 6.1",
  ),
  refused("101 unasked", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "unsolicited-101", "RFC 9110, 7.8"),
  chunked("bad chunk size", "x\r\n", "bad-chunk-size"),
  chunked("chunk too long", "1\r\nab\r\n", "missing-crlf-after-chunk", ['#1 body "a"']),
  chunked("size overflow", "fffffffffffffffff\r\n", "chunk-size-overflow"),
];
