// Requests that are right, or forgiven.

export interface RequestRowBase {
  name: string;
  rule: string;
  /** Each character one byte. */
  bytes: string;
  lenient?: boolean;
  /** The client ends after these bytes. */
  end?: boolean;
  /** Other readers are stricter than the RFC here. */
  onlyOurs?: boolean;
  /** More bytes would change the outcome: the message is not complete. */
  noJunk?: boolean;
}

export type RequestRow =
  & RequestRowBase
  & ({ events: string[] } | {
    /** Code and status of the reset. */
    fault: string;
    /** What comes before it. */
    before?: string[];
  });

export const requestRows: RequestRow[] = [
  {
    name: "origin form",
    rule: "RFC 9112, 3.2.1",
    bytes: "GET /a/b?c=d HTTP/1.1\r\nHost: a\r\n\r\n",
    events: ["#1 GET /a/b?c=d HTTP/1.1 {Host: a} none end"],
  },
  {
    name: "absolute form, Host may disagree",
    rule: "RFC 9112, 3.2.2",
    bytes: "GET HTTP://b:8080/x HTTP/1.1\r\nHost: a\r\n\r\n",
    events: ["#1 GET HTTP://b:8080/x HTTP/1.1 {Host: a} none end"],
  },
  {
    name: "authority form",
    rule: "RFC 9112, 3.2.3",
    bytes: "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    events: ["#1 CONNECT a:443 HTTP/1.1 {Host: a:443} none end"],
  },
  {
    name: "CONNECT with a length of 0",
    rule: "RFC 9110, 9.3.6",
    bytes: "CONNECT [::1]:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    events: ["#1 CONNECT [::1]:443 HTTP/1.1 {Host: a | Content-Length: 0} none end"],
  },
  {
    name: "asterisk form",
    rule: "RFC 9112, 3.2.4",
    bytes: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    events: ["#1 OPTIONS * HTTP/1.1 {Host: a} none end"],
  },
  {
    name: "any token is a method",
    rule: "RFC 9110, 9.1",
    bytes: "m-search!~ /x HTTP/1.1\r\nHost: a\r\n\r\n",
    events: ["#1 m-search!~ /x HTTP/1.1 {Host: a} none end"],
  },
  {
    name: "target bytes are kept as sent",
    rule: "RFC 9112, 3.2",
    bytes: 'GET //x/../%41%zz?"<\xe9\xff>|#f HTTP/1.1\r\nHost: a\r\n\r\n',
    events: ['#1 GET //x/../%41%zz?"<\xe9\xff>|#f HTTP/1.1 {Host: a} none end'],
  },
  {
    name: "HTTP/1.0 without Host",
    rule: "RFC 9112, 3.2",
    bytes: "GET / HTTP/1.0\r\n\r\n",
    events: ["#1 GET / HTTP/1.0 {} none end"],
  },
  {
    name: "empty Host",
    rule: "RFC 9112, 3.2",
    bytes: "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    events: ["#1 GET / HTTP/1.1 {Host: } none end"],
  },
  {
    name: "empty lines before a request",
    rule: "RFC 9112, 2.2",
    bytes: "\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    events: ["#1 GET / HTTP/1.0 {} none end"],
  },
  {
    name: "fields keep order, case, duplicates and bytes; blanks round values go",
    rule: "RFC 9110, 5.3",
    bytes:
      "GET / HTTP/1.0\r\nb: 1\r\nA:\t 2 \t\r\nB:3\r\nx: a  b\t\xe9\x80\xff\r\nempty:\r\nblank:  \r\n\r\n",
    events: ["#1 GET / HTTP/1.0 {b: 1 | A: 2 | B: 3 | x: a  b\t\xe9\x80\xff | empty:  | blank: } none end"],
  },
  {
    name: "no-break space is no blank",
    rule: "RFC 9110, 5.6.3",
    bytes: "GET / HTTP/1.0\r\nx: \xa0v\x85\r\n\r\n",
    events: ["#1 GET / HTTP/1.0 {x: \xa0v\x85} none end"],
  },
  {
    name: "a colon in a value",
    rule: "RFC 9112, 5",
    bytes: "GET / HTTP/1.0\r\nx::y: z\r\n\r\n",
    events: ["#1 GET / HTTP/1.0 {x: :y: z} none end"],
  },
  {
    name: "body of known length",
    rule: "RFC 9112, 6.2",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    events: ["#1 POST / HTTP/1.1 {Host: a | Content-Length: 5} length 5", '#1 body "hello"', "#1 end"],
  },
  {
    name: "length with leading zeros",
    rule: "RFC 9110, 8.6",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0005\r\n\r\nhello",
    events: ["#1 POST / HTTP/1.1 {Host: a | Content-Length: 0005} length 5", '#1 body "hello"', "#1 end"],
  },
  {
    name: "length 0 ends with the head",
    rule: "RFC 9112, 6.2",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    events: ["#1 POST / HTTP/1.1 {Host: a | Content-Length: 0} length 0 end"],
  },
  {
    name: "the largest length",
    rule: "RFC 9110, 8.6",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9007199254740991\r\n\r\n",
    events: ["#1 POST / HTTP/1.1 {Host: a | Content-Length: 9007199254740991} length 9007199254740991"],
    noJunk: true,
  },
  {
    name: "no framing field, no body",
    rule: "RFC 9112, 6.3",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
    events: ["#1 POST / HTTP/1.1 {Host: a} none end"],
  },
  {
    name: "chunked",
    rule: "RFC 9112, 7.1",
    bytes:
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n \r\n6\r\nworld!\r\n0\r\n\r\n",
    events: [
      "#1 POST / HTTP/1.1 {Host: a | Transfer-Encoding: chunked} chunked",
      '#1 body "hello world!"',
      "#1 end",
    ],
  },
  {
    name: "chunked in any case, hex in any case, leading zeros",
    rule: "RFC 9112, 7",
    bytes:
      "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n00A\r\n0123456789\r\na\r\n0123456789\r\n00\r\n\r\n",
    events: [
      "#1 POST / HTTP/1.1 {Host: a | transfer-encoding: CHUNKED} chunked",
      '#1 body "01234567890123456789"',
      "#1 end",
    ],
  },
  {
    name: "chunked over another coding",
    rule: "RFC 9112, 6.1",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip , Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    events: [
      "#1 POST / HTTP/1.1 {Host: a | Transfer-Encoding: gzip , Chunked} chunked",
      '#1 body "x"',
      "#1 end",
    ],
  },
  {
    name: "chunk extensions are kept with their chunk",
    rule: "RFC 9112, 7.1.1",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
      '2;a=b\r\nhi\r\n2 \t;x="y;"\r\nho\r\n1\r\n!\r\n0;last\r\n\r\n',
    events: [
      "#1 POST / HTTP/1.1 {Host: a | Transfer-Encoding: chunked} chunked",
      "#1 extension ;a=b",
      '#1 body "hi"',
      '#1 extension ;x="y;"',
      '#1 body "ho!"',
      "#1 extension ;last",
      "#1 end",
    ],
  },
  {
    name: "chunk extensions of any bytes",
    rule: "RFC 9112, 7.1.1",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1; \xe9=\t;;\r\nx\r\n0\r\n\r\n",
    onlyOurs: true,
    events: [
      "#1 POST / HTTP/1.1 {Host: a | Transfer-Encoding: chunked} chunked",
      "#1 extension ; \xe9=\t;;",
      '#1 body "x"',
      "#1 end",
    ],
  },
  {
    name: "trailers",
    rule: "RFC 9112, 7.1.2",
    bytes:
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0;e\r\nDigest:  abc \r\nb: c\r\nb: d\r\n\r\n",
    events: [
      "#1 POST / HTTP/1.1 {Host: a | Transfer-Encoding: chunked} chunked",
      '#1 body "x"',
      "#1 trailers {Digest: abc | b: c | b: d} extension ;e",
    ],
  },
  {
    name: "a framing field as trailer is noted",
    rule: "RFC 9110, 6.5.1",
    bytes:
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\nHost: b\r\n\r\n",
    events: [
      "#1 POST / HTTP/1.1 {Host: a | Transfer-Encoding: chunked} chunked",
      "note forbidden-trailer",
      "#1 trailers {Content-Length: 5 | Host: b}",
    ],
  },
  {
    name: "the end after a request is no fault",
    rule: "RFC 9112, 9.5",
    bytes: "GET / HTTP/1.0\r\n\r\n",
    end: true,
    events: ["#1 GET / HTTP/1.0 {} none end", "ended"],
  },
  { name: "the end before any request", rule: "RFC 9112, 9.5", bytes: "\r\n", end: true, events: ["ended"] },
  {
    name: "lenient: bare LF in a head, noted once",
    rule: "RFC 9112, 2.2",
    lenient: true,
    bytes: "\nGET / HTTP/1.1\nHost: a\r\nx: y\n\n",
    events: ["note bare-lf", "#1 GET / HTTP/1.1 {Host: a | x: y} none end"],
  },
  {
    name: "lenient: obs-fold becomes one space",
    rule: "RFC 9112, 5.2",
    lenient: true,
    bytes: "GET / HTTP/1.1\r\nHost: a\r\nx: 1 \r\n\t  2: \r\n 3\r\ny:\r\n z\r\nv: w\r\n \r\n\r\n",
    events: ["note obs-fold", "#1 GET / HTTP/1.1 {Host: a | x: 1 2: 3 | y: z | v: w} none end"],
  },
  {
    name: "lenient: bare LF in chunk lines and trailers",
    rule: "RFC 9112, 2.2",
    lenient: true,
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x\nhi\n0\nt: 1\n 2\n\n",
    events: [
      "#1 POST / HTTP/1.1 {Host: a | Transfer-Encoding: chunked} chunked",
      "note bare-lf",
      "#1 extension ;x",
      '#1 body "hi"',
      "note obs-fold",
      "#1 trailers {t: 1 2}",
    ],
  },
];
